//go:build unix

package accounts_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/password"
	"github.com/authd/authd/internal/pieces"
	"github.com/authd/authd/internal/store/everystore"
	"github.com/authd/authd/internal/tokens"
)

// believing is a hasher that takes every password for right, so that what remains of a login is what stands beside bcrypt.
type believing struct{ accounts.Hasher }

func (believing) Verify(context.Context, password.Attempt) (password.Result, error) {
	return password.Result{Match: true}, nil
}

var stores = []struct {
	name   string
	open   func(testing.TB) everystore.Database
	allocs float64 // of a login
}{
	{"SQLite", everystore.OnSQLite, 515},
	{"PostgreSQL", everystore.OnPostgres, 524},
}

// loggingIn signs users in by turns, each from one address, with everything that a login does but bcrypt.
func loggingIn(tb testing.TB, open everystore.Database) func() error {
	const users = 256 // so that none has many sessions
	h := build(tb, open, bcrypt.MinCost, func(c *accounts.Config) {
		c.Limits, c.CounterKey = accounts.Limits{Account: 10, Source: 60}, func() ([]byte, error) { return counterKey, nil }
		c.Hasher = believing{c.Hasher}
	})
	for n := range users {
		h.put(accounts.User{Username: fmt.Sprint("user-", n)}, "$hash")
	}
	turn, from := 0, tokens.Origin{UserAgent: "test/1", Address: netip.MustParseAddr("192.0.2.7")}
	return func() error {
		turn++
		_, err := h.Login(tb.Context(), accounts.Login{Username: fmt.Sprint("user-", turn%users), Password: good, Origin: from})
		return err
	}
}

func TestALoginAllocatesNoMoreThanItHasTo(t *testing.T) {
	var all []pieces.Piece
	for _, store := range stores {
		all = append(all, pieces.Of("login on "+store.name, store.allocs, loggingIn(t, store.open(t))))
	}
	pieces.Hold(t, all)
}

// BenchmarkLogin is a login without HTTP and without bcrypt.
func BenchmarkLogin(b *testing.B) {
	for _, store := range stores {
		b.Run(store.name, func(b *testing.B) {
			login := loggingIn(b, store.open(b))
			b.ReportAllocs()
			for b.Loop() {
				if err := login(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

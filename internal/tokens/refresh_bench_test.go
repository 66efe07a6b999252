//go:build unix

package tokens_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/authd/authd/internal/pieces"
	"github.com/authd/authd/internal/store/everystore"
)

var stores = []struct {
	name   string
	open   func(testing.TB) everystore.Database
	allocs float64 // of a refresh that is alone
}{
	{"SQLite", everystore.OnSQLite, 260},
	{"PostgreSQL", everystore.OnPostgres, 264},
}

// refreshing is one session that is refreshed again and again.
func refreshing(tb testing.TB, i *instance, user string) func() error {
	token := i.login(user).RefreshToken
	return func() error {
		pair, err := i.Refresh(tb.Context(), token, home)
		token = pair.RefreshToken
		return err
	}
}

func TestARefreshAllocatesNoMoreThanItHasTo(t *testing.T) {
	var all []pieces.Piece
	for _, store := range stores {
		i := (&world{t: t, open: store.open(t)}).start()
		all = append(all, pieces.Of("refresh on "+store.name, store.allocs, refreshing(t, i, "ann")))
	}
	pieces.Hold(t, all)
}

// BenchmarkRefresh is a refresh without HTTP, alone and in company, which shares its load and its swap. PostgreSQL flushes
// nothing here: what a flush costs is make bench's to measure.
func BenchmarkRefresh(b *testing.B) {
	for _, store := range stores {
		for _, clients := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/clients=%d", store.name, clients), func(b *testing.B) {
				i := (&world{t: b, open: store.open(b)}).start()
				sessions := make([]func() error, clients)
				for k := range sessions {
					sessions[k] = refreshing(b, i, fmt.Sprint("user-", k))
				}
				b.ReportAllocs()
				b.ResetTimer()
				side(b, sessions)
			})
		}
	}
}

// side does b.N turns side by side.
func side(b *testing.B, turns []func() error) {
	var begun atomic.Int64
	var group sync.WaitGroup
	for _, turn := range turns {
		group.Go(func() {
			for begun.Add(1) <= int64(b.N) {
				if err := turn(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}

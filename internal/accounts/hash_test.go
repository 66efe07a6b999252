package accounts_test

import (
	"context"
	"crypto/rand"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/password"
	"github.com/authd/authd/internal/store/everystore"
)

// pepper is a keyring of one pepper, which is gone once it was asked for so many times.
type pepper struct{ left atomic.Int32 }

func (p *pepper) Current() password.Pepper {
	if p.left.Add(-1) < 0 {
		return password.Pepper{}
	}
	return password.Pepper{Version: 1, Key: make([]byte, 32)}
}

func (p *pepper) ByVersion(context.Context, uint32) ([]byte, bool) { return nil, false }

// hasher makes one for a house whose own does not do.
func hasher(t *testing.T, pepperAsked int32) *password.Hasher {
	t.Helper()
	p := &pepper{}
	p.left.Store(pepperAsked)
	made, err := password.New(password.Config{Cost: bcrypt.MinCost, Workers: 1, Peppers: p, Random: rand.Reader, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// A hasher that has ended turns everybody away, as a full one does.
func TestWhenNobodyHashesEverybodyIsToldToComeBack(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		build(t, open, bcrypt.MinCost).register("ann", good)
		ended, stop := context.WithCancel(t.Context())
		stop()
		busy := hasher(t, 100)
		if err := busy.Run(ended); err != nil {
			t.Fatal(err)
		}
		h := build(t, open, bcrypt.MinCost, func(c *accounts.Config) { c.Hasher = busy })
		_, login := h.login("ann", good)
		_, register := h.Register(t.Context(), "bob", good, nowhere)
		for what, err := range map[string]error{"login": login, "register": register} {
			var e *auth.Error
			if !errors.As(err, &e) || e.Kind != auth.Unavailable || e.RetryAfter < time.Second || !errors.Is(err, password.ErrBusy) {
				t.Errorf("%s: got %#v, want unavailable, with a time to come back, because hashing is busy", what, err)
			}
		}
		if h.count(audit.LoginFailed) != 0 {
			t.Error("nothing was compared, and a failure was recorded")
		}
		if _, err := h.Find(t.Context(), "bob"); !errors.Is(err, accounts.ErrUserNotFound) {
			t.Errorf("got %v: somebody was made", err)
		}
	})
}

func TestALoginDoesNotFailForItsRehash(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		once := hasher(t, 2) // for New and for the comparison
		h := build(t, open, bcrypt.MinCost, func(c *accounts.Config) { c.Hasher = once })
		run(t, once.Run)
		sum, err := bcrypt.GenerateFromPassword([]byte(good), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		h.put(accounts.User{Username: "ann"}, string(sum))
		h.opens("ann", good)
		c, _, _, err := h.store.CredentialsByName(t.Context(), "ann")
		if err != nil || c.PasswordHash != string(sum) {
			t.Errorf("got hash %q, %v; want the one that was there", c.PasswordHash, err)
		}
	})
}

// hangingUp is a store whose client leaves when the first write comes.
type hangingUp struct {
	accounts.Store
	hangUp func()
}

func (s hangingUp) RaiseGreatestCost(ctx context.Context, cost int) error {
	s.hangUp()
	return s.Store.RaiseGreatestCost(ctx, cost)
}

func TestAClientThatHangsUpAfterItsHashIsRegisteredAllTheSame(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		ctx, hangUp := context.WithCancel(t.Context())
		defer hangUp()
		h := build(t, open, bcrypt.MinCost, func(c *accounts.Config) { c.Store = hangingUp{c.Store, hangUp} })
		if _, err := h.Register(ctx, "ann", good, nowhere); err != nil {
			t.Errorf("got %v", err)
		}
		h.opens("ann", good)
	})
}

package accounts_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/password"
	"github.com/authd/authd/internal/store/everystore"
	"github.com/authd/authd/internal/tokens"
)

// asked is a hasher that remembers what it was asked to compare.
type asked struct {
	accounts.Hasher
	mu       sync.Mutex
	attempts []password.Attempt // guarded by mu
}

func (h *asked) Verify(ctx context.Context, a password.Attempt) (password.Result, error) {
	h.mu.Lock()
	h.attempts = append(h.attempts, a)
	h.mu.Unlock()
	return h.Hasher.Verify(ctx, a)
}

// E8, E9: the hasher makes every no cost the same if it is told the truth: the hash that there is, the
// greatest cost of the same reading, and who may not sign in.
func TestALoginTellsTheHasherWhatEqualWorkNeeds(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		const greatest = bcrypt.MinCost + 3
		var hasher asked
		h := build(t, open, bcrypt.MinCost, func(c *accounts.Config) { hasher.Hasher, c.Hasher = c.Hasher, &hasher })
		if err := h.store.RaiseGreatestCost(t.Context(), greatest); err != nil {
			t.Fatal(err)
		}
		sum, err := bcrypt.GenerateFromPassword([]byte(good), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		h.put(accounts.User{Username: "ann"}, string(sum))
		h.put(accounts.User{Username: "ben", DisabledAt: time.Now()}, string(sum))
		for _, name := range []string{"ann", "ben", "nobody", "a b"} {
			h.refuses(name, name, "wrong")
		}
		want := []password.Attempt{
			{Stored: string(sum), Typed: "wrong", Ceiling: greatest},
			{Stored: string(sum), Typed: "wrong", Ceiling: greatest, Refuse: true},
			{Typed: "wrong", Ceiling: greatest, Refuse: true},
			{Typed: "wrong", Ceiling: greatest, Refuse: true},
		}
		if diff := cmp.Diff(hasher.attempts, want); diff != "" {
			t.Errorf("asked (-got +want):\n%s", diff)
		}
	})
}

// raised is a store that looks, before a hash is stored, whether its cost is on record.
type raised struct {
	accounts.Store
	t    *testing.T
	cost int
}

func (s raised) CreateUser(ctx context.Context, user accounts.User, hash string) (time.Time, error) {
	_, greatest, _, err := s.CredentialsByName(ctx, "nobody")
	if cost, ok := password.Cost(hash); err != nil || !ok || cost != s.cost || greatest < cost {
		s.t.Errorf("a hash of cost %d is stored while the greatest on record is %d (%v)", cost, greatest, err)
	}
	return s.Store.CreateUser(ctx, user, hash)
}

// E9: from the moment that it is stored, a login of nobody must cost as much.
func TestTheGreatestCostIsRaisedBeforeAHashIsStored(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		const cost = bcrypt.MinCost + 1
		h := build(t, open, cost, func(c *accounts.Config) { c.Store = raised{c.Store, t, cost} })
		h.register("ann", good)
	})
}

// changed is a service whose user changes before every session is opened.
type changed struct{ accounts.Sessions }

func (changed) Open(context.Context, tokens.Opening) (tokens.Pair, error) {
	return tokens.Pair{}, tokens.ErrUserChanged
}

// C5: what the password was proven against is gone, so it is as wrong as any other.
func TestALoginWhoseUserChangedMeanwhileIsRefusedLikeAnyOther(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		h := build(t, open, bcrypt.MinCost, func(c *accounts.Config) { c.Sessions = changed{c.Sessions} })
		h.register("ann", good)
		h.refuses("changed meanwhile", "ann", good)
		if got := h.count(audit.LoginFailed); got != 1 {
			t.Errorf("got %d failures recorded, want 1", got)
		}
	})
}

func TestWhatBecomesOfAUserIsRecordedByItsName(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ann := h.register("ann", good)
		if _, err := h.Create(t.Context(), "ben", good, nowhere); err != nil {
			t.Fatal(err)
		}
		h.opens("ann", good)
		h.refuses("a wrong password", "ann", "wrong")
		h.refuses("nobody", "a password in the wrong field", "wrong")
		if err := h.SetPassword(t.Context(), ann, "another good one", nowhere); err != nil {
			t.Fatal(err)
		}
		var got []audit.Name
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, e := range h.events {
			got = append(got, e.Name)
		}
		want := []audit.Name{audit.UserRegistered, audit.UserCreated, audit.LoginSucceeded, audit.LoginFailed, audit.LoginFailed,
			audit.PasswordSet, audit.SessionsEnded}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if nobody := h.events[4]; nobody != (audit.Event{Name: audit.LoginFailed}) {
			t.Errorf("got %+v: what was typed as a name may be a password", nobody)
		}
	})
}

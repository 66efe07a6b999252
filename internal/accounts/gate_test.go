package accounts_test

import (
	"context"
	"errors"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/password"
	"github.com/authd/authd/internal/store/everystore"
	"github.com/authd/authd/internal/tokens"
)

// guarded is a house whose limits hold, with a clock that the test moves.
type guarded struct {
	*house
	ahead     *atomic.Int64 // how far the store's clock is moved, of all houses that share it
	compared  atomic.Int64
	reads     atomic.Int64 // of counters
	writes    atomic.Int64 // of counters
	broken    atomic.Bool  // counters are not written
	comparing func()       // hears of every comparison before it; may be nil
}

// moved is a store whose clock is ahead, where counters are concerned, and that counts what is asked.
type moved struct {
	accounts.Store
	g *guarded
}

func (s moved) Counters(ctx context.Context, keys []accounts.CounterKey, user auth.UserID, network netip.Prefix) ([]accounts.Counter, time.Time, time.Time, error) {
	s.g.reads.Add(1)
	counters, opened, clock, err := s.Store.Counters(ctx, keys, user, network)
	return counters, opened, clock.Add(time.Duration(s.g.ahead.Load())), err
}

func (s moved) SwapCounters(ctx context.Context, counters []accounts.Counter) ([]bool, error) {
	s.g.writes.Add(1)
	if s.g.broken.Load() {
		return nil, auth.ErrUnavailable
	}
	return s.Store.SwapCounters(ctx, counters)
}

// counting counts comparisons.
type counting struct {
	accounts.Hasher
	g *guarded
}

func (h counting) Verify(ctx context.Context, a password.Attempt) (password.Result, error) {
	if h.g.comparing != nil {
		h.g.comparing()
	}
	result, err := h.Hasher.Verify(ctx, a)
	if err == nil {
		h.g.compared.Add(1)
	}
	return result, err
}

var counterKey = make([]byte, 32)

// guard builds a house with limits. Houses of one database share its clock.
func guard(t *testing.T, open everystore.Database, limits accounts.Limits, clock *atomic.Int64, change ...func(*accounts.Config)) *guarded {
	t.Helper()
	g := &guarded{ahead: clock}
	change = append([]func(*accounts.Config){func(c *accounts.Config) {
		c.Limits, c.CounterKey = limits, func() ([]byte, error) { return counterKey, nil }
		c.Store, c.Hasher = moved{c.Store, g}, counting{c.Hasher, g}
	}}, change...)
	g.house = build(t, open, bcrypt.MinCost, change...)
	t.Cleanup(func() {
		if n := g.Turnstiles(); n > 0 && !t.Failed() {
			t.Errorf("%d counters are still in use", n)
		}
	})
	return g
}

// onBothGuarded runs a claim in a house with limits on each store.
func onBothGuarded(t *testing.T, limits accounts.Limits, claim func(t *testing.T, g *guarded)) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		claim(t, guard(t, open, limits, new(atomic.Int64)))
	})
}

func (g *guarded) pass(d time.Duration) { g.ahead.Add(int64(d)) }

func at(address string) tokens.Origin { return tokens.Origin{Address: netip.MustParseAddr(address)} }

// from signs in from an address.
func (g *guarded) from(address, name, typed string) (tokens.Pair, error) {
	return g.Login(g.t.Context(), accounts.Login{Username: name, Password: typed, Origin: at(address)})
}

// is says what an attempt came to, and whether it was compared.
func (g *guarded) is(what string, want *auth.Error, compared int64, attempt func() error) {
	g.t.Helper()
	before := g.compared.Load()
	err := attempt()
	if want == nil && err != nil || want != nil && !errors.Is(err, want) {
		g.t.Errorf("%s: got %v, want %v", what, err, want)
	}
	if got := g.compared.Load() - before; got != compared {
		g.t.Errorf("%s: %d comparisons, want %d", what, got, compared)
	}
}

func (g *guarded) fails(address, name string) {
	g.t.Helper()
	g.is("a wrong password of "+name, accounts.ErrInvalidCredentials, 1, func() error { _, err := g.from(address, name, "wrong"); return err })
}

func (g *guarded) throttled(address, name, typed, limit string) *auth.Error {
	g.t.Helper()
	var refused *auth.Error
	g.is(name+" at "+address, accounts.ErrTooManyAttempts, 0, func() error {
		_, err := g.from(address, name, typed)
		errors.As(err, &refused)
		return err
	})
	if refused != nil && refused.Limit.Name != limit {
		g.t.Errorf("%s at %s: got limit %q, want %q", name, address, refused.Limit.Name, limit)
	}
	return refused
}

func (g *guarded) enters(address, name string) tokens.Pair {
	g.t.Helper()
	pair, err := g.from(address, name, good)
	if err != nil {
		g.t.Errorf("%s at %s with the right password: %v", name, address, err)
	}
	return pair
}

const (
	home     = "192.0.2.7"
	abroad   = "198.51.100.20"
	stranger = "203.0.113.66"
)

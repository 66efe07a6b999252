package accounts_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/password"
	"github.com/authd/authd/internal/store/everystore"
	"github.com/authd/authd/internal/tokens"
)

// A login costs one reading more. A failure is one write, for account and source together; a success is
// one only if it makes failures good. Sessions do not even know the store of counters.
func TestALoginReadsCountersOnceAndWritesThemOnlyForFailures(t *testing.T) {
	onBothGuarded(t, accounts.Limits{Account: 10, Source: 60}, func(t *testing.T, g *guarded) {
		g.register("ann", good)
		g.enters(home, "ann")
		for _, c := range []struct {
			what          string
			reads, writes int64
			do            func()
		}{
			{"a success", 1, 0, func() { g.enters(home, "ann") }},
			{"a failure", 1, 1, func() { g.fails(home, "ann") }},
			{"a failure of nobody", 1, 1, func() { g.fails(stranger, "nobody") }},
			{"a success after failures", 1, 1, func() { g.enters(home, "ann") }},
			{"the next success", 1, 0, func() { g.enters(home, "ann") }},
			{"a success elsewhere, under another counter", 1, 0, func() { g.enters(abroad, "ann") }},
			{"a refresh", 0, 0, func() {
				pair := g.enters(home, "ann")
				g.reads.Store(0)
				_, err := g.sessions.Refresh(t.Context(), pair.RefreshToken, nowhere)
				g.must(err)
			}},
		} {
			g.reads.Store(0)
			g.writes.Store(0)
			c.do()
			if r, w := g.reads.Load(), g.writes.Load(); r != c.reads || w != c.writes {
				t.Errorf("%s: counters were read %d and written %d times, want %d and %d", c.what, r, w, c.reads, c.writes)
			}
		}
	})
}

func TestASuccessClearsOnlyTheCounterItCameUnder(t *testing.T) {
	onBothGuarded(t, accounts.Limits{Account: 3}, func(t *testing.T, g *guarded) {
		g.register("ann", good)
		g.enters(home, "ann")
		for range 3 {
			g.fails(stranger, "ann")
		}
		g.fails(home, "ann")
		g.fails(home, "ann")
		g.enters(home, "ann")
		g.throttled(stranger, "ann", good, "account")
		g.throttled(abroad, "ann", good, "account") // all strangers are one
		g.fails(home, "ann")
		g.fails(home, "ann")
		g.pass(30 * time.Second)
		g.enters(abroad, "ann")
		for range 3 { // the strangers' counter is clear, and abroad has one of its own
			g.fails(stranger, "ann")
		}
		g.fails(abroad, "ann")
	})
}

// What fails while a right password is compared came after what that makes good, and may be a stranger's.
func TestFailuresThatComeMeanwhileSurviveASuccess(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		clock := new(atomic.Int64)
		limits := accounts.Limits{Account: 4}
		one, other := guard(t, open, limits, clock), guard(t, open, limits, clock)
		one.register("ann", good)
		one.fails(stranger, "ann")
		one.fails(stranger, "ann")
		one.comparing = func() {
			one.comparing = nil
			other.fails(abroad, "ann")
		}
		// It opens a session at an address that is nobody's counter yet, so it came under the strangers'.
		one.enters(home, "ann")
		for range 3 { // one stayed
			one.fails(stranger, "ann")
		}
		one.throttled(stranger, "ann", good, "account")
	})
}

// A guess that cannot be counted is not answered, or a store that takes no writes could be guessed at
// without end.
func TestAFailureThatCannotBeStoredIsNotAnswered(t *testing.T) {
	onBothGuarded(t, accounts.Limits{Account: 10}, func(t *testing.T, g *guarded) {
		g.register("ann", good)
		mine := g.principal(g.enters(home, "ann"))
		g.broken.Store(true)
		g.is("a login", auth.ErrUnavailable, 1, func() error { _, err := g.from(home, "ann", "wrong"); return err })
		g.is("a deletion", auth.ErrUnavailable, 1, func() error { return g.DeleteOwn(t.Context(), mine, "wrong", at(home)) })
		if got := g.count(audit.LoginFailed) + g.count(audit.PasswordRefused); got != 0 {
			t.Errorf("%d failures were recorded", got)
		}
		g.enters(home, "ann")
	})
}

// full is a hasher with no place left, once it is told so.
type full struct {
	accounts.Hasher
	now *atomic.Bool
}

func (h full) Verify(ctx context.Context, a password.Attempt) (password.Result, error) {
	if h.now.Load() {
		return password.Result{}, &password.BusyError{RetryAfter: time.Second}
	}
	return h.Hasher.Verify(ctx, a)
}

// Or whoever keeps the hashers busy would lock everybody out.
func TestAnAttemptThatWasNotComparedIsGivenBack(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		var busy atomic.Bool
		g := guard(t, open, accounts.Limits{Account: 2}, new(atomic.Int64), func(c *accounts.Config) { c.Hasher = full{c.Hasher, &busy} })
		g.register("ann", good)
		g.fails(stranger, "ann")
		busy.Store(true)
		g.is("below the limit", auth.ErrUnavailable, 0, func() error { _, err := g.from(stranger, "ann", good); return err })
		busy.Store(false)
		g.fails(stranger, "ann")
		g.pass(30 * time.Second)
		busy.Store(true)
		g.is("from the limit on", auth.ErrUnavailable, 0, func() error { _, err := g.from(stranger, "ann", good); return err })
		busy.Store(false)
		g.enters(stranger, "ann")
	})
}

// A colleague behind the same address must not lock anybody out: not by guessing at others, and not by
// registering.
func TestWhoIsKnownAtAnAddressIsNotRefusedForIt(t *testing.T) {
	onBothGuarded(t, accounts.Limits{Account: 10, Source: 5}, func(t *testing.T, g *guarded) {
		g.register("ann", good)
		g.register("ben", good)
		g.enters(home, "ann")
		for i := range 5 {
			g.fails(home, fmt.Sprint("guess ", i))
		}
		g.throttled(home, "ben", good, "source")
		g.throttled(home, "nobody", good, "source")
		g.enters(home, "ann")
		g.fails(home, "ann") // and counts, all the same
		if refused := g.throttled(home, "ben", good, "source"); refused != nil && refused.RetryAfter < 13*time.Second {
			t.Errorf("got %v, want the time of two drops of a minute's five", refused.RetryAfter)
		}
		g.enters(abroad, "ben")
		if _, err := g.Login(t.Context(), accounts.Login{Username: "ben", Password: good}); err != nil {
			t.Errorf("on a Unix socket, where there are no addresses: %v", err)
		}
		g.pass(time.Minute)
		g.enters(home, "ben")
	})
}

func TestRegistrationsCountAtTheirSourceWhateverComesOfThem(t *testing.T) {
	onBothGuarded(t, accounts.Limits{Source: 4}, func(t *testing.T, g *guarded) {
		register := func(name, typed string) error {
			_, err := g.Register(t.Context(), name, typed, at(stranger))
			return err
		}
		g.must(register("ann", good))
		for what, c := range map[string]struct {
			err  error
			want *auth.Error
		}{
			"taken":            {register("ann", good), accounts.ErrUsernameTaken},
			"weak":             {register("bob", "short"), accounts.ErrWeakPassword},
			"not a name":       {register("a b", good), accounts.ErrUsernameInvalid}, // and not counted
			"the fourth":       {register("cy", good), nil},
			"the fifth":        {register("dee", good), accounts.ErrTooManyAttempts},
			"taken, and known": {register("ann", good), accounts.ErrTooManyAttempts},
		} {
			if c.want == nil && c.err != nil || c.want != nil && !errors.Is(c.err, c.want) {
				t.Errorf("%s: got %v, want %v", what, c.err, c.want)
			}
		}
		if _, err := g.Create(t.Context(), "eve", good, at(stranger)); err != nil {
			t.Errorf("an operator at that address: %v", err)
		}
		if got := g.recorded(audit.LoginThrottled); len(got) != 2 || got[0].Reason != audit.SourceLimit {
			t.Errorf("recorded %+v", got)
		}
	})
}

func TestAnOperatorUnlocksAnAccountAtAllAddresses(t *testing.T) {
	onBothGuarded(t, accounts.Limits{Account: 2}, func(t *testing.T, g *guarded) {
		ann := g.register("ann", good)
		g.enters(home, "ann")
		for _, address := range []string{home, stranger} {
			g.fails(address, "ann")
			g.fails(address, "ann")
			g.throttled(address, "ann", good, "account")
			g.fails(address, "ben")
		}
		for _, want := range []bool{true, false} {
			if unlocked, err := g.Unlock(t.Context(), ann, tokens.Origin{Actor: audit.CLI}); err != nil || unlocked != want {
				t.Errorf("got %t, %v; want %t", unlocked, err, want)
			}
		}
		g.enters(home, "ann")
		g.enters(stranger, "ann")
		g.throttled(abroad, "ben", good, "account")
		if got := g.recorded(audit.UserUnlocked); len(got) != 1 || got[0].User != ann.ID || got[0].Actor != audit.CLI {
			t.Errorf("recorded %+v", got)
		}
	})
}

// What is stored of who is guessed at must be no list of names, which may be passwords in the wrong field.
func TestCountersNameNobody(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		g := guard(t, open, accounts.Limits{Account: 10, Source: 60}, new(atomic.Int64))
		g.fails(stranger, "hunter2isapassword")
		g.fails("203.0.113.67", "two words")
		dump := string(everystore.Dump(t, g.store))
		for _, text := range []string{"hunter2", "two words", "203.0.113.6"} {
			if strings.Contains(dump, text) {
				t.Errorf("the store has %q", text)
			}
		}
	})
}

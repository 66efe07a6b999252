package accounts_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/password"
	"github.com/authd/authd/internal/store/everystore"
)

// E13: one wrong guess a minute from ever new addresses, for a week. Ten are compared at once, five while
// the pauses grow, and then four an hour; every one of the owner's logins is let in.
func TestE13TenThousandGuessesAreMostlyNotComparedAndTheOwnerSignsIn(t *testing.T) {
	t.Parallel()
	guesses := func(t *testing.T, open everystore.Database, tries int) {
		g := guard(t, open, accounts.Limits{Account: 10, Source: 60}, new(atomic.Int64))
		g.register("ann", good)
		g.enters(home, "ann")
		logins := 1
		for i := range tries {
			from := fmt.Sprintf("2001:db8:%x:%x::1", i>>12, i)
			if _, err := g.from(from, "ann", fmt.Sprint("guess ", i)); !errors.Is(err, accounts.ErrInvalidCredentials) && !errors.Is(err, accounts.ErrTooManyAttempts) {
				t.Fatalf("guess %d: got %v", i, err)
			}
			if i%500 == 499 {
				g.enters(home, "ann")
				logins++
			}
			g.pass(time.Minute)
		}
		compared := int(g.compared.Load()) - logins
		most := 10 + 5 + tries/15 + 1
		if compared > most || compared < tries/16 {
			t.Errorf("%d of %d guesses were compared, want at most %d and not far below", compared, tries, most)
		}
		t.Logf("%d guesses in %v: %d were compared, and %d logins of the owner all succeeded", tries, time.Duration(tries)*time.Minute, compared, logins)
		_, _ = g.from(stranger, "ann", "wrong")
		refused := g.throttled(stranger, "ann", good, "account")
		if refused != nil && (refused.RetryAfter > 15*time.Minute || refused.Limit.Quota != 10) {
			t.Errorf("got %v for a quota of %d", refused.RetryAfter, refused.Limit.Quota)
		}
	}
	week := 10_000
	if raced || testing.Short() {
		week = 1000 // make test has another run for all of them
	}
	t.Run("SQLite", func(t *testing.T) { t.Parallel(); guesses(t, everystore.OnSQLite(t), week) })
	t.Run("PostgreSQL", func(t *testing.T) { t.Parallel(); guesses(t, everystore.OnPostgres(t), 1_000) })
}

// E14: who types a name otherwise is no other guesser.
func TestE14AllSpellingsOfANameAreOneCounter(t *testing.T) {
	onBothGuarded(t, accounts.Limits{Account: 10}, func(t *testing.T, g *guarded) {
		g.register("ann@example.com", good)
		for _, owner := range []string{"ann@example.com", "bob@example.com"} { // one is somebody, the other nobody
			spellings := []string{owner, strings.ToUpper(owner), "ａ" + owner[1:], "Ａ" + owner[1:], "B" + owner[1:]}
			if owner[0] == 'b' {
				spellings = []string{owner, strings.ToUpper(owner), "ｂ" + owner[1:], "Ｂ" + owner[1:], owner}
			} else {
				spellings[4] = "A" + owner[1:]
			}
			for i := range 10 {
				g.fails(home, spellings[i%5])
			}
			for _, spelling := range spellings {
				g.throttled(home, spelling, good, "account")
			}
		}
		// A name that nobody can have is counted as it was typed: it would be told apart by going on for ever.
		for range 10 {
			g.fails(home, "a b")
		}
		g.throttled(home, "a b", good, "account")
		g.fails(home, "a c")
	})
}

// E16: a thousand guesses at once on three instances. Each instance compares as many as the limit at most
// before it knows of the others' failures, and after a pause the three together compare one.
func TestE16SimultaneousGuessesOfThreeInstancesAreBounded(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		const limit, instances, guesses = 10, 3, 1000
		clock := new(atomic.Int64)
		var houses [instances]*guarded
		for i := range houses {
			houses[i] = guard(t, open, accounts.Limits{Account: limit}, clock)
		}
		houses[0].register("ann", good)
		storm := func(guesses int) (compared, wrong, throttled, busy int64) {
			var counts [3]atomic.Int64
			var all sync.WaitGroup
			start := make(chan struct{})
			for i := range guesses {
				all.Go(func() {
					<-start
					_, err := houses[i%instances].from(stranger, "ann", fmt.Sprint("guess ", i))
					switch {
					case errors.Is(err, accounts.ErrInvalidCredentials):
						counts[0].Add(1)
					case errors.Is(err, accounts.ErrTooManyAttempts):
						counts[1].Add(1)
					case auth.KindOf(err) == auth.Unavailable:
						counts[2].Add(1) // a pool of connections that is used up
					default:
						t.Errorf("guess %d: got %v", i, err)
					}
				})
			}
			close(start)
			all.Wait()
			for _, h := range houses {
				compared += h.compared.Swap(0)
			}
			return compared, counts[0].Load(), counts[1].Load(), counts[2].Load()
		}
		compared, wrong, throttled, busy := storm(guesses)
		t.Logf("%d guesses at once on %d instances: %d compared, %d answered 401, %d answered 429, %d sent away", guesses, instances, compared, wrong, throttled, busy)
		// A guess that could not be counted, because no connection was free, was compared for nothing: the
		// guesser is not told what came of it.
		if wrong > instances*limit || wrong > compared || busy == 0 && (wrong != compared || wrong < limit) {
			t.Errorf("%d were compared and %d answered as wrong, want the same, from %d to %d", compared, wrong, limit, instances*limit)
		}
		clock.Add(int64(15 * time.Minute))
		for range 2 {
			compared, wrong, _, busy = storm(guesses / 4)
			if compared > 1 || wrong > compared || busy == 0 && wrong != 1 {
				t.Errorf("after a pause %d were compared and %d answered as wrong, want 1", compared, wrong)
			}
			clock.Add(int64(15 * time.Minute))
		}
	})
}

// E17, E21: a stolen access token is no way around the limit, and a guess at one route is one at all.
func TestE17EveryRouteThatComparesAPasswordSharesTheLimit(t *testing.T) {
	onBothGuarded(t, accounts.Limits{Account: 10}, func(t *testing.T, g *guarded) {
		g.register("ann", good)
		mine := g.principal(g.enters(home, "ann"))
		change := func(current string) error {
			_, err := g.ChangePassword(t.Context(), accounts.PasswordChange{Holder: mine, Current: current, New: better, Origin: at(stranger)})
			return err
		}
		remove := func(typed string) error { return g.DeleteOwn(t.Context(), mine, typed, at(stranger)) }
		for range 3 {
			g.is("a wrong password at /password", accounts.ErrPasswordWrong, 1, func() error { return change("wrong") })
			g.is("a wrong password at /me/delete", accounts.ErrPasswordWrong, 1, func() error { return remove("wrong") })
			g.fails(stranger, "ann")
		}
		g.fails(stranger, "ann")
		g.is("the right one at /password", accounts.ErrTooManyAttempts, 0, func() error { return change(good) })
		g.is("the right one at /me/delete", accounts.ErrTooManyAttempts, 0, func() error { return remove(good) })
		g.throttled(stranger, "ann", good, "account")
		g.enters(home, "ann")
		g.pass(30 * time.Second)
		g.is("the right one after the pause", nil, 1, func() error { return change(good) })
		if got := len(g.recorded(audit.LoginThrottled)); got != 3 {
			t.Errorf("%d refusals were recorded, want 3", got)
		}
	})
}

// blocked is a hasher whose comparisons wait for the test.
type blocked struct {
	accounts.Hasher
	began, end chan struct{}
}

func (h blocked) Verify(ctx context.Context, a password.Attempt) (password.Result, error) {
	h.began <- struct{}{}
	select {
	case <-h.end:
		return h.Hasher.Verify(ctx, a)
	case <-ctx.Done():
		return password.Result{}, ctx.Err()
	}
}

// A client that opens many sessions at once with the right password has done nothing wrong, though each
// could be a failure while it is compared.
func TestTheRightPasswordInCompanyWaitsAndIsNotRefused(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		h := blocked{began: make(chan struct{}), end: make(chan struct{})}
		g := guard(t, open, accounts.Limits{Account: 3, Source: 60}, new(atomic.Int64), func(c *accounts.Config) {
			h.Hasher, c.Hasher = c.Hasher, &h
		})
		g.register("ann", good)
		done := make(chan error, 8)
		for range 8 {
			go func() { _, err := g.from(home, "ann", good); done <- err }()
		}
		for range 3 {
			<-h.began
		}
		select {
		case <-h.began:
			t.Error("a fourth is compared while three may yet fail")
		default:
		}
		for range 5 {
			h.end <- struct{}{}
			<-h.began
		}
		for range 3 {
			h.end <- struct{}{}
		}
		for range 8 {
			if err := <-done; err != nil {
				t.Errorf("got %v", err)
			}
		}
		if got := g.writes.Load(); got != 0 {
			t.Errorf("counters were written %d times", got)
		}
	})
}

// Who waits for others has a deadline, and a client that is gone waits no longer.
func TestWhoHangsUpWaitsNoLonger(t *testing.T) {
	t.Parallel()
	h := blocked{began: make(chan struct{}), end: make(chan struct{})}
	g := guard(t, everystore.OnSQLite(t), accounts.Limits{Account: 1}, new(atomic.Int64), func(c *accounts.Config) {
		h.Hasher, c.Hasher = c.Hasher, &h
	})
	g.register("ann", good)
	first := make(chan error)
	go func() { _, err := g.from(home, "ann", good); first <- err }()
	<-h.began
	ctx, hangUp := context.WithCancel(t.Context())
	second := make(chan error)
	go func() {
		_, err := g.Login(ctx, accounts.Login{Username: "ann", Password: good})
		second <- err
	}()
	hangUp()
	if err := <-second; auth.KindOf(err) != auth.Unavailable && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	h.end <- struct{}{}
	if err := <-first; err != nil {
		t.Errorf("the first: got %v", err)
	}
}

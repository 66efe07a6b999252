package tokens_test

import (
	"errors"
	"testing"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

func TestASessionKeepsWhereItCameFrom(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		row := a.row(a.login("ann").Session)
		if row.Device != home.Device || row.UserAgent != home.UserAgent || row.LoginIP != home.Address || row.ClientID != "authd" {
			t.Errorf("got %+v", row.Session)
		}
	})
}

func TestOneSessionTooManyEndsTheOneIdleLongest(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		pairs := []tokens.Pair{a.login("ann")}
		for range perUser - 1 {
			w.pass(time.Minute)
			pairs = append(pairs, a.openAs(a.proven("ann")))
		}
		w.pass(time.Minute)
		pairs[0] = a.refresh(pairs[0].RefreshToken) // now the second one is idle longest
		a.openAs(a.proven("ann"))
		a.refused(pairs[1].RefreshToken, tokens.ErrSessionRevoked)
		a.dead(pairs[1].AccessToken)
		if a.count(audit.SessionEnded, audit.SessionLimit) != 1 {
			t.Error("the end was not recorded")
		}
		for _, k := range []int{0, 2, 3, 4} {
			a.refresh(pairs[k].RefreshToken)
		}
	})
}

func TestExpiredSessionsDoNotCountForTheLimit(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		a.user("ann")
		for range perUser {
			a.openAs(a.proven("ann"))
		}
		w.pass(idleTTL)
		a.openAs(a.proven("ann"))
		if a.count(audit.SessionEnded, "") != 0 {
			t.Error("a session was ended for room that there was")
		}
	})
}

func TestLoginsAtOnceNeverExceedTheLimit(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a, b := w.start(), w.start()
		proven := a.user("ann")
		// As many at once as two instances with four workers each would let through.
		for range 3 {
			together(8, func(k int) error {
				_, err := []*instance{a, b}[k%2].Open(t.Context(), proven)
				if err != nil {
					t.Error(err)
				}
				return nil
			})
		}
		_, sessions, _, _, err := a.store.LoadUser(t.Context(), proven.User)
		if err != nil || len(sessions) != perUser {
			t.Errorf("got %d live sessions (%v), want %d", len(sessions), err, perUser)
		}
	})
}

// E10: a rehash is worth less than a password that was set meanwhile.
func TestE10ARehashNeverUndoesANewPassword(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		proven := a.user("ann")
		proven.PasswordHash = "$rehashed"
		a.openAs(proven)
		if got := a.hash("ann"); got != "$rehashed" {
			t.Errorf("got %q: the rehash was not stored", got)
		}
		stale := a.proven("ann")
		stale.PasswordHash = "$stale"
		a.openAs(a.proven("ann")) // changes the row, not the password
		a.openAs(stale)
		if got := a.hash("ann"); got != "$rehashed" {
			t.Errorf("got %q: a hash decided on an older row was stored", got)
		}
		if err := a.setPassword(stale.User); err != nil {
			t.Fatalf("got %v", err)
		}
		if _, err := a.Open(t.Context(), stale); !errors.Is(err, tokens.ErrUserChanged) {
			t.Errorf("got %v, want %v", err, tokens.ErrUserChanged)
		}
		if got := a.hash("ann"); got != "$new" {
			t.Errorf("got %q: the new password was undone", got)
		}
	})
}

// B20: whoever was disabled while the password was being compared comes too late.
func TestADisabledUserOpensNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		user := accounts.User{ID: auth.UserID{1}, Username: "ann", DisabledAt: time.Now()}
		if _, err := a.store.CreateUser(t.Context(), user, "$hash"); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Open(t.Context(), a.proven("ann")); !errors.Is(err, tokens.ErrUserChanged) {
			t.Errorf("got %v, want %v", err, tokens.ErrUserChanged)
		}
	})
}

func (i *instance) hash(name string) string {
	i.t.Helper()
	c, _, _, err := i.store.CredentialsByName(i.t.Context(), name)
	if err != nil {
		i.t.Fatal(err)
	}
	return c.PasswordHash
}

func TestANewPasswordEndsEverySession(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		pair := a.login("ann")
		if err := a.setPassword(a.proven("ann").User); err != nil {
			t.Fatal(err)
		}
		a.refused(pair.RefreshToken, tokens.ErrSessionRevoked)
		a.dead(pair.AccessToken)
		a.alive(a.openAs(a.proven("ann")).AccessToken)
	})
}

func TestNobodysPasswordCannotBeReplaced(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		if err := w.start().setPassword(tokens.Opening{}.User); !errors.Is(err, tokens.ErrUserNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

package tokens_test

import (
	"sync/atomic"
	"testing"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

func (i *instance) changePassword(p tokens.Principal) (tokens.Pair, error) {
	return i.ChangePassword(i.t.Context(), tokens.PasswordChange{Holder: p, Hash: "$new", Origin: tokens.Origin{UserAgent: "test/2"}})
}

func TestC7ANewPasswordIsOneChangeWithTheSessionThatGoesOn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		mine, other := a.login("ann"), a.openAs(a.proven("ann"))
		before := a.proven("ann")
		pair, err := a.changePassword(a.holder(mine))
		if err != nil {
			t.Fatal(err)
		}
		after := a.proven("ann")
		if after.Epoch != before.Epoch+1 || after.Version != before.Version+1 || a.hash("ann") != "$new" {
			t.Errorf("got %+v after %+v, want one raise in one change", after, before)
		}
		for _, old := range []tokens.Pair{mine, other} {
			a.refused(old.RefreshToken, tokens.ErrSessionRevoked)
			a.dead(old.AccessToken)
		}
		a.alive(pair.AccessToken)
		row := a.row(pair.Session)
		if row.Epoch != after.Epoch || row.Device != home.Device || row.UserAgent != "test/2" {
			t.Errorf("the session that goes on: %+v", row)
		}
		a.refresh(pair.RefreshToken)
	})
}

// Whoever changes the password every day must not make each change slower.
func TestSessionsBelowTheEpochDoNotPileUp(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		pair := a.login("ann")
		for range 3 * perUser {
			var err error
			if pair, err = a.changePassword(a.holder(pair)); err != nil {
				t.Fatal(err)
			}
		}
		_, sessions, _, _, err := a.store.LoadUser(t.Context(), a.proven("ann").User)
		if err != nil || len(sessions) > perUser+1 {
			t.Errorf("%d sessions were not ended, error %v", len(sessions), err)
		}
		a.alive(pair.AccessToken)
	})
}

// outOfTouch is a live set that can be too old to sign by.
type outOfTouch struct {
	tokens.Live
	stale atomic.Bool
}

func (l *outOfTouch) Stale() bool { return l.stale.Load() || l.Live.Stale() }

func TestAnInstanceThatMayNotSignOpensNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		var live outOfTouch
		a := w.start(func(c *tokens.Config) { live.Live = c.Live; c.Live = &live })
		pair := a.login("ann")
		holder, before := a.holder(pair), a.proven("ann")
		live.stale.Store(true)
		_, changing := a.changePassword(holder)
		_, opening := a.Open(t.Context(), before)
		for what, err := range map[string]error{"change": changing, "open": opening} {
			if auth.KindOf(err) != auth.Unavailable {
				t.Errorf("%s: got %v, want unavailable", what, err)
			}
		}
		if a.hash("ann") != "$hash" || a.proven("ann").Version != before.Version {
			t.Error("something was written")
		}
		live.stale.Store(false)
		a.refresh(pair.RefreshToken)
	})
}

package tokens_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// between does something once, after a decision and before its write: the moment that races are about.
type between struct {
	tokens.Store
	once sync.Once
	do   func()
}

func (s *between) End(ctx context.Context, deaths []tokens.Death, mark uint64) ([]tokens.Ended, error) {
	s.once.Do(s.do)
	return s.Store.End(ctx, deaths, mark)
}

func (s *between) ChangeUser(ctx context.Context, change tokens.UserChange, mark uint64) (bool, error) {
	if change.Open == nil {
		s.once.Do(s.do)
	}
	return s.Store.ChangeUser(ctx, change, mark)
}

func TestADeathThatLosesIsAnsweredWithTheReasonThatCounted(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.start()
		var first tokens.Pair
		a := w.start(func(c *tokens.Config) {
			c.Store = &between{Store: c.Store, do: func() { other.logOut(tokens.LogOut{Access: first.AccessToken}) }}
		})
		first = a.login("ann")
		a.refresh(a.refresh(first.RefreshToken).RefreshToken)
		a.refused(first.RefreshToken, tokens.ErrSessionRevoked) // reuse, but the logout came first
		if a.count(audit.SessionEnded, "") != 0 {
			t.Error("one death was recorded twice")
		}
	})
}

func TestNothingHappensInTheNameOfASessionThatWasJustEnded(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for _, scope := range []tokens.Scope{tokens.ScopeAll, tokens.ScopeOthers} {
			other := w.start()
			var mine tokens.Pair
			a := w.start(func(c *tokens.Config) {
				c.Store = &between{Store: c.Store, do: func() { other.logOut(tokens.LogOut{Access: mine.AccessToken}) }}
			})
			mine = a.login("ann " + string(scope))
			phone := a.openAs(a.proven("ann " + string(scope)))
			err := a.LogOut(t.Context(), tokens.LogOut{Access: mine.AccessToken, Scope: scope})
			if !errors.Is(err, tokens.ErrTokenInvalid) {
				t.Errorf("scope %s: got %v, want %v", scope, err, tokens.ErrTokenInvalid)
			}
			a.alive(phone.AccessToken)
			a.refresh(phone.RefreshToken)
		}
	})
}

// A rotation that was decided on a live row must not be written over the end of its session.
func TestARotationThatLosesToALogoutIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.start()
		var first tokens.Pair
		a := w.start(func(c *tokens.Config) {
			c.Store = &beforeRotate{Store: c.Store, do: func() { other.logOut(tokens.LogOut{Access: first.AccessToken}) }}
		})
		first = a.login("ann")
		a.refused(first.RefreshToken, tokens.ErrSessionRevoked)
		if got := a.row(first.Session).Generation; got != 0 {
			t.Errorf("got generation %d, want 0", got)
		}
	})
}

// beforeRotate does something once, before a rotation is written.
type beforeRotate struct {
	tokens.Store
	once sync.Once
	do   func()
}

func (s *beforeRotate) Rotate(ctx context.Context, rotations []tokens.Rotation) ([]auth.SessionID, error) {
	s.once.Do(s.do)
	return s.Store.Rotate(ctx, rotations)
}

// beforeLoadUser does something once, between the reading of who asks and that of the user's sessions.
type beforeLoadUser struct {
	tokens.Store
	armed atomic.Bool
	do    func()
}

func (s *beforeLoadUser) LoadUser(ctx context.Context, id auth.UserID) (tokens.User, []tokens.Session, time.Time, bool, error) {
	if s.armed.Swap(false) {
		s.do()
	}
	return s.Store.LoadUser(ctx, id)
}

// C5: a session that died by its epoch speaks for nobody, however late in a request it died.
func TestASessionBelowTheEpochCannotEndTheSessionsAboveIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for _, scope := range []tokens.Scope{tokens.ScopeAll, tokens.ScopeOthers} {
			name := "ann " + string(scope)
			other := w.start()
			var thief, fresh tokens.Pair
			var race beforeLoadUser
			a := w.start(func(c *tokens.Config) { race.Store = c.Store; c.Store = &race })
			thief = a.login(name)
			race.do = func() {
				if err := other.setPassword(other.proven(name).User); err != nil {
					t.Error(err)
				}
				fresh = other.openAs(other.proven(name))
			}
			race.armed.Store(true)
			err := a.LogOut(t.Context(), tokens.LogOut{Access: thief.AccessToken, Scope: scope})
			if !errors.Is(err, tokens.ErrTokenInvalid) {
				t.Errorf("scope %s: got %v, want %v", scope, err, tokens.ErrTokenInvalid)
			}
			a.alive(fresh.AccessToken)
			a.refresh(fresh.RefreshToken)
		}
	})
}

// hangingUp is a store whose client leaves when a change is about to be written.
type hangingUp struct {
	tokens.Store
	hangUp atomic.Pointer[context.CancelFunc]
}

func (s *hangingUp) ChangeUser(ctx context.Context, change tokens.UserChange, mark uint64) (bool, error) {
	if leave := s.hangUp.Load(); leave != nil {
		(*leave)()
	}
	return s.Store.ChangeUser(ctx, change, mark)
}

// B14: what has been decided is written, whoever is still there to hear of it.
func TestAClientThatHangsUpDoesNotStopAChange(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		var store hangingUp
		a := w.start(func(c *tokens.Config) { store.Store = c.Store; c.Store = &store })
		pair, ben := a.login("ann"), a.user("ben").User
		for what, change := range map[string]func(context.Context) error{
			"open": func(ctx context.Context) error { _, err := a.Open(ctx, a.proven("ann")); return err },
			"log out": func(ctx context.Context) error {
				return a.LogOut(ctx, tokens.LogOut{Access: pair.AccessToken, Scope: tokens.ScopeOthers})
			},
			"replace the password": func(ctx context.Context) error {
				return a.Change(ctx, ben, newPassword)
			},
		} {
			a.openAs(a.proven("ann")) // somebody to log out
			ctx, hangUp := context.WithCancel(t.Context())
			store.hangUp.Store(&hangUp)
			if err := change(ctx); err != nil || ctx.Err() == nil {
				t.Errorf("%s: got %v, hung up: %t", what, err, ctx.Err() != nil)
			}
			store.hangUp.Store(nil)
		}
	})
}

package accounts_test

import (
	"errors"
	"slices"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/store/everystore"
	"github.com/authd/authd/internal/tokens"
)

func (h *house) change(p tokens.Principal, current, next string) (tokens.Pair, error) {
	return h.ChangePassword(h.t.Context(), accounts.PasswordChange{Holder: p, Current: current, New: next})
}

func TestC7AChangedPasswordLeavesTheNewSessionAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.register("ann", good)
		mine, other := h.opens("ann", good), h.opens("ann", good)
		fresh, err := h.change(h.principal(mine), good, better)
		h.must(err)
		h.ended("the session that asked", mine, tokens.ErrSessionRevoked)
		h.ended("another session", other, tokens.ErrSessionRevoked)
		if !h.live(fresh) { // C6: it was issued in the same second
			t.Error("the new session is dead")
		}
		h.refuses("the old password", "ann", good)
		h.opens("ann", better)
		_, err = h.sessions.Refresh(t.Context(), fresh.RefreshToken, nowhere)
		h.must(err)
		var got []audit.Name
		for _, e := range h.events {
			got = append(got, e.Name)
		}
		want := []audit.Name{audit.PasswordSet, audit.SessionsEnded, audit.LoginSucceeded}
		if at := slices.Index(got, audit.PasswordSet); at < 0 || !slices.Equal(got[at:at+3], want) {
			t.Errorf("recorded %v, want %v in it", got, want)
		}
	})
}

// Of two who change one password at once both know it, and one is too late: the session in whose name the
// second one speaks died with the first.
func TestTwoWhoChangeAPasswordAtOnceLeaveOneSession(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		other := build(t, open, bcrypt.MinCost)
		h, during := between(t, open)
		h.register("ann", good)
		mine := h.opens("ann", good)
		var first tokens.Pair
		during.do = func() {
			var err error
			first, err = other.change(other.principal(mine), good, better)
			other.must(err)
		}
		if _, err := h.change(h.principal(mine), good, "a third horse battery"); !errors.Is(err, tokens.ErrTokenInvalid) {
			t.Errorf("the second: got %v, want %v", err, tokens.ErrTokenInvalid)
		}
		h.opens("ann", better)
		if !h.live(first) {
			t.Error("the session of the first is dead")
		}
	})
}

// What dies while the password is compared does not speak for its user afterwards.
func TestASessionThatDiesDuringTheComparisonChangesNothing(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		other := build(t, open, bcrypt.MinCost)
		h, during := between(t, open)
		ann := h.register("ann", good)
		for death, deed := range map[string]func(p tokens.Pair) error{
			"logged out": func(p tokens.Pair) error {
				return other.sessions.LogOut(t.Context(), tokens.LogOut{Access: p.AccessToken})
			},
			"revoked":  func(tokens.Pair) error { return other.Revoke(t.Context(), ann.ID, operator) },
			"disabled": func(tokens.Pair) error { return other.SetDisabled(t.Context(), ann.ID, true, operator) },
		} {
			h.must(h.SetDisabled(t.Context(), ann.ID, false, operator))
			for what, act := range map[string]func(tokens.Principal) error{
				"change": func(p tokens.Principal) error { _, err := h.change(p, good, better); return err },
				"delete": func(p tokens.Principal) error { return h.DeleteOwn(t.Context(), p, good, nowhere) },
			} {
				h.must(h.SetDisabled(t.Context(), ann.ID, false, operator))
				mine := h.opens("ann", good)
				holder := h.principal(mine)
				during.do = func() { other.must(deed(mine)) }
				if err := act(holder); !errors.Is(err, tokens.ErrTokenInvalid) {
					t.Errorf("%s during the comparison, %s: got %v", death, what, err)
				}
			}
		}
		h.must(h.SetDisabled(t.Context(), ann.ID, false, operator))
		h.opens("ann", good)
	})
}

// A token that was stolen and killed must not be good for guessing, nor cost a hash.
func TestADeadSessionIsNotAskedForAPassword(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		h, compared := between(t, open)
		h.register("ann", good)
		mine := h.opens("ann", good)
		holder := h.principal(mine)
		h.must(h.sessions.LogOut(t.Context(), tokens.LogOut{Access: mine.AccessToken}))
		compared.do = func() { t.Error("a password was compared") }
		for _, typed := range []string{good, "wrong"} {
			if _, err := h.change(holder, typed, better); !errors.Is(err, tokens.ErrTokenInvalid) {
				t.Errorf("change: got %v", err)
			}
			if err := h.DeleteOwn(t.Context(), holder, typed, nowhere); !errors.Is(err, tokens.ErrTokenInvalid) {
				t.Errorf("delete: got %v", err)
			}
		}
	})
}

func TestE21AWrongPasswordIsRecordedAndChangesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ann := h.register("ann", good)
		mine := h.opens("ann", good)
		if _, err := h.change(h.principal(mine), "wrong", better); err != accounts.ErrPasswordWrong {
			t.Errorf("change: got %v", err)
		}
		if err := h.DeleteOwn(t.Context(), h.principal(mine), "", nowhere); err != accounts.ErrPasswordWrong {
			t.Errorf("delete: got %v", err)
		}
		if !h.live(mine) {
			t.Error("the session is over")
		}
		h.opens("ann", good)
		if e := h.recorded(audit.PasswordRefused); len(e) != 2 || e[0].User != ann.ID {
			t.Errorf("recorded %+v", e)
		}
		if _, err := h.change(h.principal(mine), good, "short"); auth.KindOf(err) != auth.WeakPassword {
			t.Errorf("a weak one: got %v", err)
		}
	})
}

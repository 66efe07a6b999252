package accounts_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/password"
	"github.com/authd/authd/internal/store/everystore"
	"github.com/authd/authd/internal/tokens"
)

const better = "a better horse battery"

func (h *house) issue(id auth.UserID) string {
	h.t.Helper()
	token, expires, err := h.IssueReset(h.t.Context(), id, operator)
	h.must(err)
	if left := time.Until(expires); left > 31*time.Minute || left < 29*time.Minute {
		h.t.Errorf("a reset token expires in %v, want 30 min", left)
	}
	return token.Reveal()
}

func (h *house) reset(token, typed string) error {
	return h.ResetPassword(h.t.Context(), token, typed, nowhere)
}

func TestAResetEndsEverySessionAndIsRecorded(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ann := h.register("ann", good)
		before := h.opens("ann", good)
		h.must(h.reset(h.issue(ann.ID), better))
		h.ended("reset", before, tokens.ErrSessionRevoked)
		h.refuses("the old password", "ann", good)
		h.opens("ann", better)
		if e := h.recorded(audit.ResetIssued); len(e) != 1 || e[0].Actor != audit.Admin || e[0].User != ann.ID {
			t.Errorf("recorded %+v", e)
		}
		if e := h.recorded(audit.SessionsEnded); len(e) != 1 || e[0].Reason != audit.PasswordReset {
			t.Errorf("recorded %+v", e)
		}
	})
}

func TestAResetOfADisabledUserLetsNobodyIn(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ann := h.register("ann", good)
		h.must(h.SetDisabled(t.Context(), ann.ID, true, operator))
		h.must(h.reset(h.issue(ann.ID), better))
		h.refuses("disabled", "ann", better)
		h.must(h.SetDisabled(t.Context(), ann.ID, false, operator))
		h.opens("ann", better)
	})
}

// A token in somebody's mail must not outlive what its user, or an operator, did about the account.
func TestWhateverEndsAllSessionsEndsTheResetToken(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ann := h.register("ann", good)
		for name, deed := range map[string]func() error{
			"revoked":  func() error { return h.Revoke(t.Context(), ann.ID, operator) },
			"disabled": func() error { return h.SetDisabled(t.Context(), ann.ID, true, operator) },
			"password": func() error { return h.SetPassword(t.Context(), ann, good, operator) },
			"replaced": func() error { _, _, err := h.IssueReset(t.Context(), ann.ID, operator); return err },
		} {
			token := h.issue(ann.ID)
			h.must(deed())
			if err := h.reset(token, better); err != accounts.ErrResetTokenInvalid {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if got := h.count(audit.ResetRefused); got != 4 {
			t.Errorf("got %d refusals recorded, want 4", got)
		}
	})
}

func TestOfManyWhoSpendOneResetTokenOneSucceeds(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		houses := []*house{build(t, open, bcrypt.MinCost), build(t, open, bcrypt.MinCost)}
		ann := houses[0].register("ann", good)
		token := houses[0].issue(ann.ID)
		var mu sync.Mutex
		var winners []string
		var wg sync.WaitGroup
		for i := range 8 {
			typed := better + string(rune('a'+i))
			wg.Go(func() {
				err := houses[i%2].reset(token, typed)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					winners = append(winners, typed)
				} else if err != accounts.ErrResetTokenInvalid {
					t.Errorf("got %v, want %v", err, accounts.ErrResetTokenInvalid)
				}
			})
		}
		wg.Wait()
		if len(winners) != 1 {
			t.Fatalf("%d spent one token", len(winners))
		}
		houses[1].opens("ann", winners[0])
	})
}

// meanwhile does something once, while a password is being hashed.
type meanwhile struct {
	accounts.Hasher
	do func()
}

func (m *meanwhile) Hash(ctx context.Context, typed string) (string, error) {
	if do := m.do; do != nil {
		m.do = nil
		do()
	}
	return m.Hasher.Hash(ctx, typed)
}

func (m *meanwhile) Verify(ctx context.Context, a password.Attempt) (password.Result, error) {
	result, err := m.Hasher.Verify(ctx, a)
	if do := m.do; do != nil {
		m.do = nil
		do()
	}
	return result, err
}

// between builds a house in which something can happen during the next hash or comparison.
func between(t *testing.T, open everystore.Database) (*house, *meanwhile) {
	m := &meanwhile{}
	h := build(t, open, bcrypt.MinCost, func(c *accounts.Config) { m.Hasher = c.Hasher; c.Hasher = m })
	return h, m
}

func TestWhatHappensDuringTheHashDecidesOverTheResetToken(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		other := build(t, open, bcrypt.MinCost)
		h, during := between(t, open)
		ann := h.register("ann", good)

		during.do = func() { other.must(other.Revoke(t.Context(), ann.ID, operator)) }
		token := h.issue(ann.ID)
		if err := h.reset(token, better); err != accounts.ErrResetTokenInvalid {
			t.Errorf("revoked meanwhile: got %v", err)
		}
		during.do = func() { other.issue(ann.ID) }
		token = h.issue(ann.ID)
		if err := h.reset(token, better); err != accounts.ErrResetTokenInvalid {
			t.Errorf("replaced meanwhile: got %v", err)
		}
		during.do = func() { other.opens("ann", good) } // which changes the row, and nothing that matters
		token = h.issue(ann.ID)
		if err := h.reset(token, better); err != nil {
			t.Errorf("signed in meanwhile: got %v", err)
		}
		during.do = func() { other.must(other.Delete(t.Context(), ann.ID, operator)) }
		token = h.issue(ann.ID)
		if err := h.reset(token, good); err != accounts.ErrResetTokenInvalid {
			t.Errorf("deleted meanwhile: got %v", err)
		}
	})
}

// The rules cost nothing and come first; the hash comes last, and only for who holds the token.
func TestAWrongResetTokenCostsNoHash(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		h, hashed := between(t, open)
		hashed.do = func() { t.Error("a password was hashed") }
		for _, token := range []string{"", "apr_", "apr_x"} {
			if err := h.reset(token, better); err != accounts.ErrResetTokenInvalid {
				t.Errorf("got %v", err)
			}
			var e *auth.Error
			if err := h.reset(token, "short"); !errors.As(err, &e) || e.Code != "weak_password" {
				t.Errorf("got %v", err)
			}
		}
	})
}

package tokens_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

func TestB17ReuseIsFoundAfterEveryInstanceWasRestarted(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		second := a.refresh(first.RefreshToken)
		third := a.refresh(second.RefreshToken)
		a.stop()
		b := w.start()
		if again := b.refresh(second.RefreshToken); again.RefreshToken != third.RefreshToken {
			t.Error("another instance gave another successor")
		}
		b.refused(first.RefreshToken, tokens.ErrRefreshTokenReused)
	})
}

// B18: without a clock that moves, order comes from the generation alone.
func TestB18ReuseIsFoundWithinOneInstant(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start(func(c *tokens.Config) {
			clock, err := c.Store.Clock(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			c.Store = &stopped{c.Store, clock}
		})
		first := a.login("ann")
		second := a.refresh(first.RefreshToken)
		a.refresh(second.RefreshToken)
		a.refused(first.RefreshToken, tokens.ErrRefreshTokenReused)
	})
}

// stopped is a store whose clock stands still.
type stopped struct {
	tokens.Store
	at time.Time
}

func (s *stopped) LoadSessions(ctx context.Context, ids []auth.SessionID) ([]tokens.Loaded, time.Time, error) {
	rows, _, err := s.Store.LoadSessions(ctx, ids)
	return rows, s.at, err
}

func TestB21AForgedTokenNeverReachesTheStore(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		before := a.store.calls.Load()
		for i := range first.RefreshToken {
			for _, c := range []string{"A", "b", "-"} {
				if forged := first.RefreshToken[:i] + c + first.RefreshToken[i+1:]; forged != first.RefreshToken {
					a.refused(forged, tokens.ErrRefreshTokenInvalid)
				}
			}
		}
		a.refused("", tokens.ErrRefreshTokenInvalid)
		a.refused(strings.Repeat("a", 1<<16), tokens.ErrRefreshTokenInvalid)
		if got := a.store.calls.Load(); got != before {
			t.Errorf("sessions were loaded %d times", got-before)
		}
		a.refresh(first.RefreshToken)
	})
}

// B22: session ids stand in access tokens, so everybody who sees one knows them.
func TestB22WhoKnowsTheSessionAloneCannotEndIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		second := a.refresh(first.RefreshToken)
		raw, err := base64.RawURLEncoding.DecodeString(first.RefreshToken[4:])
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(raw[:53])
		forged := "art_" + base64.RawURLEncoding.EncodeToString(append(raw[:53:53], sum[:16]...))
		a.refused(forged, tokens.ErrRefreshTokenInvalid)
		if err := a.LogOut(t.Context(), tokens.LogOut{Refresh: forged}); !errors.Is(err, tokens.ErrTokenInvalid) {
			t.Errorf("log out: got %v", err)
		}
		a.refresh(second.RefreshToken)
	})
}

func TestB23TheNewestTokenGetsNoGraceAfterReuse(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		second := a.refresh(first.RefreshToken)
		third := a.refresh(second.RefreshToken)
		a.refused(first.RefreshToken, tokens.ErrRefreshTokenReused)
		a.refused(third.RefreshToken, tokens.ErrRefreshTokenReused)
		a.refused(second.RefreshToken, tokens.ErrRefreshTokenReused)
		if got := a.count(audit.SessionEnded, ""); got != 1 {
			t.Errorf("the session ended %d times", got)
		}
	})
}

// B25: an asynchronous failover or a restore took the last rotations back.
func TestB25ATokenFromTheStoresFutureEndsTheSessionWithAnAlarm(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		old := a.row(first.Session)
		second := a.refresh(first.RefreshToken)
		a.putBack(old)
		a.refused(second.RefreshToken, tokens.ErrSessionRevoked)
		a.refused(first.RefreshToken, tokens.ErrSessionRevoked)
		if a.count(audit.AlarmRaised, audit.HistoryForked) != 1 || !a.killed(first.Session) {
			t.Error("no alarm, or no kill")
		}
	})
}

// putBack writes an older state of a session over the present one.
func (i *instance) putBack(old tokens.Loaded) {
	i.t.Helper()
	written, err := i.store.Rotate(i.t.Context(), []tokens.Rotation{{
		Session: old.ID, Version: i.row(old.ID).RowVersion,
		Generation: old.Generation, CurrentHash: old.CurrentHash, PreviousHash: old.PreviousHash, Nonce: old.Nonce,
		SecretVersion: old.SecretVersion, RotatedAt: old.RotatedAt, IdleEndsAt: old.IdleEndsAt,
	}})
	if err != nil || len(written) != 1 {
		i.t.Fatalf("put back: %v, %v", written, err)
	}
}

func TestASuccessorThatDoesNotFitItsRowKillsNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		second := a.refresh(first.RefreshToken)
		broken := a.row(first.Session)
		broken.Nonce[0]++
		a.putBack(broken)
		if _, err := a.Refresh(t.Context(), first.RefreshToken, home); auth.KindOf(err) != auth.Unavailable {
			t.Errorf("got %v, want unavailable", err)
		}
		if a.count(audit.AlarmRaised, audit.SuccessorBroken) != 1 {
			t.Error("no alarm")
		}
		a.refresh(second.RefreshToken)
	})
}

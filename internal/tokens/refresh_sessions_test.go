package tokens_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

func TestB1ARefreshGivesANewPairAndTheNextGeneration(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		second := a.refresh(first.RefreshToken)
		if second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken {
			t.Error("a token was given twice")
		}
		if second.Session != first.Session || !second.SessionExpiresAt.Equal(first.SessionExpiresAt) {
			t.Errorf("got session %v to %v, want %v to %v", second.Session, second.SessionExpiresAt, first.Session, first.SessionExpiresAt)
		}
		if second.ExpiresIn != accessTTL || second.RefreshExpiresIn != idleTTL {
			t.Errorf("got lifetimes %v and %v", second.ExpiresIn, second.RefreshExpiresIn)
		}
		if got := a.row(first.Session).Generation; got != 1 {
			t.Errorf("got generation %d, want 1", got)
		}
		a.alive(first.AccessToken) // the old access token is left alone
		a.alive(second.AccessToken)
	})
}

func TestB2AnOldTokenAfterItsSuccessorsEndsTheSession(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		second := a.refresh(first.RefreshToken)
		third := a.refresh(second.RefreshToken)
		a.refused(first.RefreshToken, tokens.ErrRefreshTokenReused)
		a.refused(third.RefreshToken, tokens.ErrRefreshTokenReused)
		for _, pair := range []tokens.Pair{first, second, third} {
			a.dead(pair.AccessToken)
		}
		if !a.killed(first.Session) {
			t.Error("the feed does not have the session")
		}
		if got := a.count(audit.SessionEnded, audit.Reuse); got != 1 {
			t.Errorf("got %d events of reuse, want 1", got)
		}
	})
}

func TestB3TheParentAfterTheWindowEndsTheSession(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		second := a.refresh(first.RefreshToken)
		w.pass(retryWindow + time.Second)
		a.refused(first.RefreshToken, tokens.ErrRefreshTokenReused)
		a.refused(second.RefreshToken, tokens.ErrRefreshTokenReused)
		a.dead(second.AccessToken)
	})
}

func TestB4TheParentInsideTheWindowGetsTheSameSuccessor(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a, b := w.start(), w.start()
		first := a.login("ann")
		second := a.refresh(first.RefreshToken)
		before := a.row(first.Session)
		for _, instance := range []*instance{a, b} {
			again := instance.refresh(first.RefreshToken)
			if again.RefreshToken != second.RefreshToken {
				t.Errorf("got %q, want the same successor", again.RefreshToken)
			}
			if again.AccessToken == second.AccessToken {
				t.Error("the access token is not fresh")
			}
			if instance.count(audit.SessionRetried, "") != 1 {
				t.Error("the retry was not counted")
			}
		}
		if after := a.row(first.Session); after.RowVersion != before.RowVersion {
			t.Error("a retry wrote to the row")
		}
		a.refresh(second.RefreshToken)
	})
}

func TestB5TheGrandparentInsideTheWindowEndsTheSession(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		second := a.refresh(first.RefreshToken)
		a.refresh(second.RefreshToken)
		a.refused(first.RefreshToken, tokens.ErrRefreshTokenReused)
	})
}

func TestB6TheWindowNeverSlides(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		second := a.refresh(first.RefreshToken)
		for range 2 {
			w.pass(retryWindow / 2)
			w.pass(-time.Second) // the store's own clock moves too
			if again := a.refresh(first.RefreshToken); again.RefreshToken != second.RefreshToken {
				t.Fatal("another successor")
			}
		}
		w.pass(retryWindow / 2)
		a.refused(first.RefreshToken, tokens.ErrRefreshTokenReused)
	})
}

// A thief who is always a step behind learns each successor inside the window. That cannot be told from a
// client that hears badly, so nothing ends, and each showing is on record.
func TestB8EachShowingOfAParentInsideTheWindowIsRecorded(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		pair := a.login("ann")
		const rounds = 3
		for range rounds {
			next := a.refresh(pair.RefreshToken)
			for range 2 {
				if thief := a.refresh(pair.RefreshToken); thief.RefreshToken != next.RefreshToken {
					t.Error("a second branch")
				}
			}
			pair = next
		}
		if got := a.count(audit.SessionRetried, ""); got != 2*rounds {
			t.Errorf("recorded %d retries, want %d", got, 2*rounds)
		}
		a.alive(pair.AccessToken)
	})
}

func TestB9AHundredAtOnceOnThreeInstancesGetOneSuccessor(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		instances := []*instance{w.start(), w.start(), w.start()}
		first := instances[0].login("ann")
		got := together(100, func(k int) string {
			pair, err := instances[k%3].Refresh(t.Context(), first.RefreshToken, home)
			if err != nil {
				t.Error(err)
			}
			return pair.RefreshToken
		})
		if n := len(distinct(got)); n != 1 {
			t.Errorf("got %d distinct successors, want 1", n)
		}
		if got := instances[0].row(first.Session).Generation; got != 1 {
			t.Errorf("got generation %d, want 1", got)
		}
	})
}

func TestB10TwoTabsThatRaceAreNeverTakenForAThief(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a, b := w.start(), w.start()
		token := a.login("ann").RefreshToken
		for round := range 1000 {
			got := together(2, func(k int) string {
				pair, err := []*instance{a, b}[k].Refresh(t.Context(), token, home)
				if err != nil {
					t.Errorf("round %d: %v", round, err)
				}
				return pair.RefreshToken
			})
			if got[0] != got[1] {
				t.Fatalf("round %d: two successors", round)
			}
			token = got[0]
		}
	})
}

// lostAnswer commits and then says that it does not know: what a connection cut at COMMIT looks like.
type lostAnswer struct {
	tokens.Store
	lose bool
}

func (s *lostAnswer) Rotate(ctx context.Context, r []tokens.Rotation) ([]auth.SessionID, error) {
	written, err := s.Store.Rotate(ctx, r)
	if s.lose && err == nil {
		s.lose = false
		return nil, auth.ErrUnavailable.Because(errors.New("connection reset by peer"))
	}
	return written, err
}

func TestB13AnUnknownOutcomeIsUnavailableAndTheRetryConverges(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start(func(c *tokens.Config) { c.Store = &lostAnswer{c.Store, true} })
		first := a.login("ann")
		if _, err := a.Refresh(t.Context(), first.RefreshToken, home); auth.KindOf(err) != auth.Unavailable {
			t.Fatalf("got %v, want unavailable", err)
		}
		second := a.refresh(first.RefreshToken)
		a.refresh(second.RefreshToken)
		if got := a.row(first.Session).Generation; got != 2 {
			t.Errorf("got generation %d, want 2", got)
		}
	})
}

func TestB14AClientThatHangsUpCanAskAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		token := a.login("ann").RefreshToken
		for range 20 {
			ctx, hangUp := context.WithCancel(t.Context())
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				_, _ = a.Refresh(ctx, token, home)
			}()
			hangUp()
			<-gone
			token = a.refresh(token).RefreshToken
		}
	})
}

func TestB15NoRotationMovesTheAbsoluteEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		pair := a.login("ann")
		end := pair.SessionExpiresAt
		for day := 0; day < 28; day += 4 {
			w.pass(4 * 24 * time.Hour)
			pair = a.refresh(pair.RefreshToken)
			if !pair.SessionExpiresAt.Equal(end) {
				t.Fatalf("day %d: the end moved to %v", day, pair.SessionExpiresAt)
			}
		}
		// Two days are left of thirty, so a token that would idle for seven dies with the session.
		if pair.RefreshExpiresIn > 2*24*time.Hour {
			t.Errorf("got %v until it dies unused", pair.RefreshExpiresIn)
		}
		w.pass(2 * 24 * time.Hour)
		a.refused(pair.RefreshToken, tokens.ErrSessionExpired)
	})
}

func TestB15AnAccessTokenDoesNotOutliveItsSession(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start(func(c *tokens.Config) { c.Policy.SessionTTL = 2 * time.Minute })
		if pair := a.login("ann"); pair.ExpiresIn > 2*time.Minute || pair.RefreshExpiresIn > 2*time.Minute {
			t.Errorf("got %v, and %v for the refresh token", pair.ExpiresIn, pair.RefreshExpiresIn)
		}
	})
}

// B16: nothing sweeps in this test, so the row is still there.
func TestB16AnIdleSessionIsRefusedThoughNobodySwept(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		w.pass(idleTTL)
		a.refused(first.RefreshToken, tokens.ErrSessionExpired)
		if !a.row(first.Session).EndedAt.IsZero() {
			t.Error("an expiry was written")
		}
	})
}

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

func TestManySessionsShareABatch(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		var pairs []tokens.Pair
		for k := range 40 {
			pairs = append(pairs, a.login(fmt.Sprint("user", k)))
		}
		got := together(len(pairs), func(k int) auth.SessionID {
			pair, err := a.Refresh(t.Context(), pairs[k].RefreshToken, home)
			if err != nil {
				t.Error(err)
			}
			return pair.Session
		})
		for k, id := range got {
			if id != pairs[k].Session {
				t.Errorf("%d got the answer of another", k)
			}
		}
	})
}

func TestAServiceThatHasStoppedSaysThatItIsBusy(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		a.stop()
		if _, err := a.Refresh(t.Context(), first.RefreshToken, home); auth.KindOf(err) != auth.Unavailable {
			t.Errorf("got %v, want unavailable", err)
		}
	})
}

package tokens_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/store/everystore"
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

// A row that somebody holds for long, an operator in psql or an instance that was stopped in the middle of a
// change, is one user's trouble. SQLite locks no rows.
func TestG9ASessionThatSomebodyHoldsDoesNotKeepOthersFromRefreshing(t *testing.T) {
	t.Parallel()
	a := (&world{t: t, open: everystore.OnPostgres(t)}).start()
	pairs := make([]tokens.Pair, perUser)
	owner := a.user("ann")
	for n := range pairs {
		pairs[n] = a.openAs(owner)
	}
	const held = 2
	release := everystore.Hold(t, a.store.Store, pairs[held].Session)
	errs := together(len(pairs), func(n int) error {
		_, err := a.Refresh(t.Context(), pairs[n].RefreshToken, home)
		return err
	})
	for n, err := range errs {
		if n == held && auth.KindOf(err) != auth.Unavailable {
			t.Errorf("whose row is held: got %v, not that he should come back", err)
		}
		if n != held && err != nil {
			t.Errorf("his neighbour: %v", err)
		}
	}
	release()
	a.refresh(pairs[held].RefreshToken)
}

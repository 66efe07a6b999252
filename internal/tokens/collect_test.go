package tokens_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/internal/tokens"
)

// aged is a store that tells one time and writes down what it is asked to collect.
type aged struct {
	tokens.Store
	clock   time.Time
	bounds  []time.Time
	deleted []int // what each call claims to have deleted
}

func (s *aged) Clock(context.Context) (time.Time, error) { return s.clock, nil }

func (s *aged) CollectSessions(_ context.Context, before time.Time, limit int) (n int, _ error) {
	s.bounds = append(s.bounds, before)
	if len(s.deleted) > 0 {
		n, s.deleted = min(s.deleted[0], limit), s.deleted[1:]
	}
	return n, nil
}

// collected runs the service for a while of virtual time and returns the bounds of its collections.
// offset is how far the store's clock is before the process's.
func collected(t *testing.T, while, offset time.Duration, deleted ...int) (bounds []time.Time, now time.Time) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store := &aged{clock: time.Now().Add(while + offset), deleted: deleted}
		s, err := tokens.New(tokens.Config{
			Store: store, Keyring: tokens.ForTests(accessTTL), Issuer: "i", Audience: []string{"a"},
			Policy: tokens.Policy{AccessTTL: accessTTL, RefreshIdleTTL: idleTTL, SessionTTL: sessionTTL, RetryWindow: retryWindow, PerUser: 1},
			Random: zeros{}, Now: time.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), while)
		defer cancel()
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
		bounds, now = store.bounds, time.Now()
	})
	return bounds, now
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

func TestTheCollectorKeepsWhatEitherClockStillNeeds(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, offset := range []time.Duration{0, time.Hour, -time.Hour} {
		bounds, now := collected(t, 10*time.Minute+time.Second, offset)
		if len(bounds) != 1 {
			t.Fatalf("got %d turns in ten minutes, want 1", len(bounds))
		}
		latest := now.Add(-time.Second).Add(-day) // by the process's clock at the turn
		if store := now.Add(offset).Add(-day); store.Before(latest) {
			latest = store // by the store's
		}
		if bounds[0].After(latest) {
			t.Errorf("clocks %v apart: collected up to %v, want at most %v", offset, bounds[0], latest)
		}
	}
}

func TestTheCollectorWorksInBatchesUntilNothingIsLeft(t *testing.T) {
	t.Parallel()
	if bounds, _ := collected(t, 11*time.Minute, 0, 1000, 1000, 17); len(bounds) != 3 {
		t.Errorf("got %d batches, want 3", len(bounds))
	}
}

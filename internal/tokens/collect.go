package tokens

import (
	"context"
	"time"
)

const (
	collectEvery = 10 * time.Minute
	collectBatch = 1000
	// keepDead is how long a session's row outlives its absolute end: a late replay of one of its
	// tokens is then still told from a guess.
	keepDead = 24 * time.Hour
)

// collect deletes rows of sessions that are long over. A store that cannot be reached is tried again
// at the next turn: nothing waits for the collector.
func (s *Sessions) collect(ctx context.Context) error {
	turn := time.NewTicker(collectEvery)
	defer turn.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-turn.C:
			s.collectOnce(ctx)
		}
	}
}

// collectOnce deletes in small batches, so that no request waits long for a lock.
func (s *Sessions) collectOnce(ctx context.Context) {
	for ctx.Err() == nil {
		clock, err := s.store.Clock(ctx)
		if err != nil {
			return
		}
		// By both clocks: one that is an hour ahead must not delete what the other still needs.
		if now := s.now(); now.Before(clock) {
			clock = now
		}
		deleted, err := s.store.CollectSessions(ctx, clock.Add(-keepDead), collectBatch)
		if err != nil || deleted < collectBatch {
			return
		}
	}
}

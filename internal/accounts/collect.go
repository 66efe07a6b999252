package accounts

import (
	"context"
	"time"
)

const (
	collectEvery = 10 * time.Minute
	collectBatch = 1000
)

// Collector deletes counters whose last failure is a day ago.
type Collector struct {
	Store CollectorStore
	Now   func() time.Time
}

// CollectorStore is what [Collector] asks of a store. See [CounterStore].
type CollectorStore interface {
	CollectCounters(ctx context.Context, before time.Time, limit int) (int, error)
	// Clock reads the store's clock.
	Clock(ctx context.Context) (time.Time, error)
}

// Run collects until ctx ends. A store that cannot be reached is tried again at the next turn.
func (c *Collector) Run(ctx context.Context) error {
	turn := time.NewTicker(collectEvery)
	defer turn.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-turn.C:
			c.collect(ctx)
		}
	}
}

// collect deletes in small batches, so that no login waits long for a lock.
func (c *Collector) collect(ctx context.Context) {
	for ctx.Err() == nil {
		clock, err := c.Store.Clock(ctx)
		if err != nil {
			return
		}
		// By both clocks: one that is ahead must not forget what the other still counts.
		if now := c.Now(); now.Before(clock) {
			clock = now
		}
		deleted, err := c.Store.CollectCounters(ctx, clock.Add(-forgetAfter), collectBatch)
		if err != nil || deleted < collectBatch {
			return
		}
	}
}

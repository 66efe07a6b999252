package audit

import (
	"context"
	"time"
)

const (
	collectEvery = 10 * time.Minute
	collectBatch = 1000
)

// Collector deletes records that are older than Retention.
type Collector struct {
	Store     Store
	Now       func() time.Time
	Retention time.Duration
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

// collect deletes in small batches, so that nobody waits long for a lock.
func (c *Collector) collect(ctx context.Context) {
	for ctx.Err() == nil {
		clock, err := c.Store.Clock(ctx)
		if err != nil {
			return
		}
		// By both clocks: what one of them takes for old is deleted only if the other does, too.
		if now := c.Now(); now.Before(clock) {
			clock = now
		}
		deleted, err := c.Store.CollectRecords(ctx, clock.Add(-c.Retention), collectBatch)
		if err != nil || deleted < collectBatch {
			return
		}
	}
}

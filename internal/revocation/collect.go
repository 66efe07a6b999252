package revocation

import (
	"context"
	"time"
)

const (
	collectEvery = time.Minute
	collectBatch = 1000
)

// collect deletes entries that ran out. A store that cannot be reached is tried again at the next turn:
// nothing waits for the collector.
func (f *Follower) collect(ctx context.Context) error {
	for sleep(ctx, collectEvery) {
		f.collectOnce(ctx)
	}
	return nil
}

// collectOnce deletes in small batches, so that nobody waits long for a lock, and by both clocks: one
// that is an hour ahead must not delete what live tokens still need (C13).
func (f *Follower) collectOnce(ctx context.Context) {
	for ctx.Err() == nil && f.Loaded() {
		n, err := f.collectBatch(ctx)
		f.counters.collected.Add(int64(n))
		if err != nil || n < collectBatch {
			return
		}
	}
}

func (f *Follower) collectBatch(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	before := f.config.Now()
	if clock := f.clockAt(before); clock.Before(before) {
		before = clock
	}
	// The set knows how far into the feed something has run out: beyond, the store need not look.
	f.mu.Lock()
	head := f.head.Seq
	f.mu.Unlock()
	to := f.set.ranOutTo(secondsDown(before))
	if to == 0 {
		return 0, nil
	}
	return f.config.Store.CollectKills(ctx, before, max(newest, head-to), collectBatch)
}

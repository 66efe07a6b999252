package revocation

import (
	"context"
	"time"
)

// poll reads once. more says that the head was not reached.
func (f *Follower) poll(ctx context.Context) (more bool, err error) {
	after := f.begin()
	sent := f.config.Now()
	reading, err := f.read(ctx, after, pollLimit)
	if err != nil {
		return false, err
	}
	f.noteKeyring(sent, &reading.Head)
	if more = f.take(ctx, &reading, pollLimit); !more {
		f.fresh.Store(&freshness{
			asOf: reading.Head.AsOf, clock: reading.Clock, sent: sent, received: f.config.Now(),
		})
		f.finish()
		f.set.sweep(f.horizon(), reading.Head.Seq, sweepChunks)
	}
	f.order(&reading)
	f.tellSize()
	if more {
		err = f.catchUp(ctx, reading.Head.Seq)
	}
	return more, err
}

func (f *Follower) tellSize() {
	size := f.set.size()
	if f.config.Sized == nil || size-f.sized < 1<<20 && f.sized-size < 1<<20 {
		return
	}
	f.sized = size
	f.config.Sized(size)
}

// begin marks the begin of a poll: what commits before it will be in.
func (f *Follower) begin() (after int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.asked != nil {
		f.waiting, f.asked = append(f.waiting, f.asked), nil
	}
	return f.cursor.Seq
}

// finish tells those who waited for a poll that reached the head.
func (f *Follower) finish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, waiter := range f.waiting {
		close(waiter)
	}
	f.waiting = nil
}

// take adds what was read, up to limit, if it continues what was read before, and otherwise begins from
// the beginning.
func (f *Follower) take(ctx context.Context, r *Reading, limit int) (more bool) {
	f.mu.Lock()
	cursor := f.cursor
	f.mu.Unlock()
	if !cursor.continues(r) {
		f.startOver(cursor, r)
		return true
	}
	f.set.add(r.Entries)
	to := Cursor{FeedID: r.Head.FeedID, Seq: r.Head.Seq, Mark: r.Head.Mark}
	if n := len(r.Entries); n > 0 && r.Entries[n-1].Seq < to.Seq && n >= limit {
		to.Seq, to.Mark, more = r.Entries[n-1].Seq, r.Entries[n-1].Mark, true
	} else {
		f.set.makeIndex()
	}
	f.moveTo(ctx, to, r.Head, more)
	return more
}

// continues reports whether a reading was taken from the history that the cursor is a place in.
func (c Cursor) continues(r *Reading) bool {
	switch {
	case c.Seq == 0:
		return true
	case c.FeedID != r.Head.FeedID, c.Seq > r.Head.Seq:
		return false
	case c.Seq == r.Head.Seq:
		return c.Mark == r.Head.Mark
	default:
		return r.Found && c.Mark == r.Mark
	}
}

// startOver keeps everything that is dead and goes back to the beginning of the feed.
func (f *Follower) startOver(was Cursor, r *Reading) {
	f.counters.restarts.Add(1)
	f.mu.Lock()
	defer f.mu.Unlock()
	// First the place, then the entries: whoever reads them and knows the place afterwards has missed none.
	f.cursor = Cursor{FeedID: r.Head.FeedID}
	f.set.beginAgain()
	collected := !r.Found && was.Seq <= r.Head.Seq-newest
	if was.FeedID != r.Head.FeedID || collected {
		// Another feed is what a repair after a restore makes. A place that was collected is one where
		// this instance stood for minutes without reading.
		return
	}
	if f.forked == nil {
		f.forked = &Fork{Read: was}
	}
	f.forked.Store = Cursor{r.Head.FeedID, r.Head.Seq, r.Head.Mark}
	f.forked.Ahead = max(f.forked.Ahead, was.Seq-r.Head.Seq)
}

// moveTo makes what was added known, and tells of a fork when the new history was read to its head.
func (f *Follower) moveTo(ctx context.Context, to Cursor, head Head, more bool) {
	f.mu.Lock()
	moved := f.cursor != to
	f.cursor, f.head = to, head
	if moved {
		close(f.changed)
		f.changed = make(chan struct{})
	}
	fork := f.forked
	if !more {
		f.forked = nil
	}
	f.mu.Unlock()
	if fork == nil || more {
		return
	}
	f.counters.forks.Add(1)
	if f.config.Forked != nil {
		fork.Lost = f.set.lost(secondsDown(f.config.Now()))
		f.config.Forked(ctx, *fork)
	}
}

// sweepChunks is how many chunks of what ran out are given back after one poll: a millisecond or two.
const sweepChunks = 4

// horizon is before what an entry has run out: by the store's clock and by this process's, whichever
// is behind. One that was set an hour ahead must not bring dead tokens back to life (C13).
func (f *Follower) horizon() uint32 {
	now := f.config.Now()
	return min(secondsDown(now), secondsDown(f.clockAt(now)))
}

// clockAt estimates the store's clock from the last reading. It comes out late rather than early.
func (f *Follower) clockAt(now time.Time) time.Time {
	if fresh := f.fresh.Load(); fresh != nil {
		return fresh.clock.Add(now.Sub(fresh.received))
	}
	return time.Time{}
}

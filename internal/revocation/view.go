package revocation

import (
	"context"
	"sync/atomic"
	"time"
)

// View is the feed as the last poll left it.
type View struct {
	FeedID string
	Seq    int64     // how far was read
	Mark   uint64    // of the entry Seq
	Head   int64     // how far there was to read; above Seq only while much is being caught up
	AsOf   time.Time // of the last poll that reached the head; zero before there was one
	Clock  time.Time // the store's clock now, and not less: AsOf is no older than its distance to this
	// Changed is closed when a poll moves the place that was read to, forward or to another history.
	Changed <-chan struct{}
}

// Cursor is the place that was read to.
func (v View) Cursor() Cursor { return Cursor{v.FeedID, v.Seq, v.Mark} }

// View returns the feed's place in time.
func (f *Follower) View() View {
	var asOf, clock time.Time
	if fresh := f.fresh.Load(); fresh != nil {
		// The store read its clock after sent. Who counted from received, as Clock does, would make news
		// younger than they are by what a slow poll took, or by what a machine slept.
		asOf, clock = fresh.asOf, fresh.clock.Add(passed(fresh.sent, f.config.Now()))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return View{FeedID: f.cursor.FeedID, Seq: f.cursor.Seq, Mark: f.cursor.Mark, Head: f.head.Seq,
		AsOf: asOf, Clock: clock, Changed: f.changed}
}

// Entries appends to into at most limit live entries after a number, in the order of their numbers.
func (f *Follower) Entries(after int64, limit int, into []Entry) []Entry {
	return f.set.entries(after, limit, f.horizon(), into)
}

// Knows reports whether a cursor is a place in the feed as this instance has read it. beyond says that
// it may be one which was not read yet: see [Follower.NextPoll].
func (f *Follower) Knows(c Cursor) (known, beyond bool) {
	f.mu.Lock()
	cursor := f.cursor
	f.mu.Unlock()
	switch {
	case c.FeedID != cursor.FeedID:
		return false, false
	case c.Seq == 0:
		return true, false
	case c.Seq > cursor.Seq:
		return false, true
	case c.Seq == cursor.Seq:
		return c.Mark == cursor.Mark, false
	}
	mark, known := f.set.markAt(c.Seq)
	return known && mark == c.Mark, false
}

// NextPoll returns a channel that is closed when a poll that began after this call has read to the
// head: whatever was committed by now is in then. Polls that fail close nothing.
func (f *Follower) NextPoll() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.asked == nil {
		f.asked = make(chan struct{})
	}
	return f.asked
}

// Sync makes what this instance committed known to it, as far as that does not take long.
func (f *Follower) Sync(ctx context.Context) {
	next := f.NextPoll()
	f.Wake()
	timer := time.NewTimer(syncTime)
	defer timer.Stop()
	select {
	case <-next:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// syncTime is how long an answer may be held back for what is a courtesy: the kill is committed.
const syncTime = 250 * time.Millisecond

// counters are what happened since the start.
type counters struct {
	polls, failures, restarts, forks, collected atomic.Int64
}

// Stats is for metrics.
type Stats struct {
	Live      int           // entries that have not run out
	Bytes     int64         // of memory that the set takes
	Age       time.Duration // of what is known
	Keyring   time.Duration // for how long, at most, the keyring is another one than the store's
	Polls     int64         // that succeeded
	Failures  int64         // calls of the store that did not
	Restarts  int64         // readings from the beginning, because the place was not known any more
	Forks     int64         // of which because the store's history was another one
	Collected int64         // entries deleted from the store
}

// Stats reads the counters.
func (f *Follower) Stats() Stats {
	age, _ := f.Age()
	return Stats{
		Live: f.set.live(f.horizon()), Bytes: f.set.size(), Age: age, Keyring: f.keyringAge(),
		Polls: f.counters.polls.Load(), Failures: f.counters.failures.Load(), Restarts: f.counters.restarts.Load(),
		Forks: f.counters.forks.Load(), Collected: f.counters.collected.Load(),
	}
}

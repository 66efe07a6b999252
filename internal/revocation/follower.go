package revocation

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// pollEvery is how late an instance may hear of what another wrote: half of it, as often as not. With
	// 100 ms the median of a logout at one instance, obeyed at a follower of another, is above 50 ms.
	pollEvery  = 50 * time.Millisecond
	pollLimit  = 4096            // entries of one poll; more are read by the next, at once
	maxPause   = time.Second     // between polls of a store that fails
	storeTime  = 5 * time.Second // for one call
	vouchAfter = 2 * time.Second // how old as_of may become before somebody moves it

	// MaxStaleness is the age of as_of from which an instance does not know what was revoked: it then
	// says neither yes nor no to a token, and mints none.
	MaxStaleness = 30 * time.Second
)

// Config is what [New] needs. Store and Now have no default; hooks that are nil are not called.
type Config struct {
	Store  Store
	Now    func() time.Time
	MaxTTL time.Duration // the access lifetime of this instance, which the head must know of

	// Failed is told of an error once, until another one comes or a poll succeeds; then it is told nil.
	Failed func(ctx context.Context, err error)
	// Forked is told that the store's history is another one than what was read from it.
	Forked func(ctx context.Context, fork Fork)
	// Keyring is told which state of keys and secrets the head names, when that is another one than
	// before. It is told again, once a second, until it returns nil. While it cannot be told for
	// MaxStaleness, the follower is stale.
	Keyring func(ctx context.Context, feedID string, version int64) error
	// Sized is told how many bytes the set takes, when that is a MiB more or less than it was told before.
	Sized func(bytes int64)
	// RaiseTTL is told that the head does not know of MaxTTL any more, once a second until it does.
	RaiseTTL func(ctx context.Context) error
}

// Fork is what an instance found when the store went back in time.
type Fork struct {
	Read  Cursor // how far this instance had read
	Store Cursor // what the head says now
	// Ahead is by how many numbers this instance was ahead of the store; 0 if they were given anew.
	Ahead int64
	// Lost counts the kills that this instance still obeys and the store has not.
	Lost int
}

// Follower reads a store's feed as it grows and keeps what is live in memory. It is safe for
// concurrent use.
type Follower struct {
	config Config
	set    *set

	wake    chan struct{} // capacity 1: a poll is wanted at once
	vouches chan time.Time
	errands chan Head
	said    string // the last error told; the poll loop's
	sized   int64  // the last size told; the poll loop's

	fresh atomic.Pointer[freshness] // nil until the feed was read to its head once

	told    atomic.Pointer[Head]      // what the keyring was told last; the errands'
	keyring atomic.Pointer[time.Time] // when the last poll began that found the keyring told; the poll loop's

	mu      sync.Mutex      // guards what follows
	head    Head            // the last read
	cursor  Cursor          // how far was read; moved by polls alone
	forked  *Fork           // to be told once the feed was read again
	changed chan struct{}   // closed when cursor moves
	retold  chan struct{}   // closed when the keyring was told of a change
	asked   chan struct{}   // closed by the first successful poll that begins from now on; nil: nobody asked
	waiting []chan struct{} // closed by the poll under way, or the first to succeed after it

	counters counters
}

// freshness is what the last reading that reached the head says about time.
type freshness struct {
	asOf     time.Time // the head's
	clock    time.Time // the store's, read between sent and received
	sent     time.Time // this process's
	received time.Time
}

// New checks the configuration and starts nothing.
func New(c Config) (*Follower, error) {
	if c.Store == nil || c.Now == nil || c.MaxTTL <= 0 {
		return nil, errors.New("revocation: a store, a clock and a lifetime are needed")
	}
	return &Follower{
		config: c, set: newSet(),
		wake: make(chan struct{}, 1), vouches: make(chan time.Time, 1), errands: make(chan Head, 1),
		changed: make(chan struct{}), retold: make(chan struct{}),
	}, nil
}

// Run follows until ctx ends. It is called once.
func (f *Follower) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return f.follow(ctx) })
	g.Go(func() error { return f.vouch(ctx) })
	g.Go(func() error { return f.runErrands(ctx) })
	g.Go(func() error { return f.collect(ctx) })
	return g.Wait()
}

// Wake asks for a poll at once: this instance has written.
func (f *Follower) Wake() {
	select {
	case f.wake <- struct{}{}:
	default: // one is asked for already
	}
}

// follow polls at its pace, at once when there is more to read or somebody wakes it, and less often
// while the store fails.
func (f *Follower) follow(ctx context.Context) error {
	pause := pollEvery
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		wake := f.wake
		if pause > pollEvery {
			wake = nil // commits of our own do not make a failing store answer
		}
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		case <-timer.C:
		}
		more, err := f.poll(ctx)
		f.tell(ctx, err)
		switch {
		case err != nil:
			pause = min(2*max(pause, pollEvery), maxPause)
		case more:
			pause = 0
		default:
			pause = pollEvery
		}
		timer.Reset(pause)
	}
}

// tell passes an error on once for each cause, and that it is over.
func (f *Follower) tell(ctx context.Context, err error) {
	text := ""
	if err != nil {
		f.counters.failures.Add(1)
		text = err.Error()
	}
	if text != f.said && ctx.Err() == nil && f.config.Failed != nil {
		f.config.Failed(ctx, err)
	}
	f.said = text
}

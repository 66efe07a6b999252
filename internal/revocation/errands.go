package revocation

import (
	"context"
	"time"
)

// order hands on what follows from a reading to those who may wait for the store, so that polls never
// wait for a lock that somebody holds.
func (f *Follower) order(r *Reading) {
	if r.Clock.Sub(r.Head.AsOf) >= vouchAfter {
		select {
		case f.vouches <- r.Head.AsOf:
		default: // it is being seen to
		}
	}
	select {
	case <-f.errands: // the newest counts
	default:
	}
	f.errands <- r.Head // capacity 1, and this is the only sender
}

// vouch moves as_of. It needs a committed write, so a primary that was cut off from its replicas, or
// replaced, does not look fresh because it still answers reads (C24).
func (f *Follower) vouch(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case seen := <-f.vouches:
			f.vouchOnce(ctx, seen)
		}
	}
}

func (f *Follower) vouchOnce(ctx context.Context, seen time.Time) {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	if err := f.config.Store.Vouch(ctx, seen); err != nil {
		f.counters.failures.Add(1) // as_of ages, and the next poll asks again
	}
}

// runErrands calls the hooks that write or read the store.
func (f *Follower) runErrands(ctx context.Context) error {
	for {
		var head Head
		select {
		case <-ctx.Done():
			return nil
		case head = <-f.errands:
		}
		if !f.runErrand(ctx, head) && !sleep(ctx, time.Second) {
			return nil
		}
	}
}

// runErrand returns false if something is left to be done.
func (f *Follower) runErrand(ctx context.Context, head Head) (ok bool) {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	ok = true
	if head.MaxTTL < f.config.MaxTTL && f.config.RaiseTTL != nil {
		_ = f.config.RaiseTTL(ctx) // what came of it, the next reading shows
		ok = false
	}
	if f.config.Keyring == nil || f.knows(&head) {
		return ok
	}
	if err := f.config.Keyring(ctx, head.FeedID, head.KeyringVersion); err != nil {
		f.counters.failures.Add(1)
		return false
	}
	f.told.Store(&head)
	f.mu.Lock()
	close(f.retold)
	f.retold = make(chan struct{})
	f.mu.Unlock()
	return ok
}

// keyringTime is how long a page waits for the keyring: it is read in milliseconds, or cannot be read.
const keyringTime = time.Second

// AwaitKeyring waits until the keyring was told of what the last poll read, but not for long.
func (f *Follower) AwaitKeyring() {
	timer := time.NewTimer(keyringTime)
	defer timer.Stop()
	for {
		f.mu.Lock()
		head, retold := f.head, f.retold
		f.mu.Unlock()
		if f.config.Keyring == nil || f.knows(&head) {
			return
		}
		select {
		case <-retold:
		case <-timer.C:
			return
		}
	}
}

// knows reports whether the keyring was told of the state that a head names.
func (f *Follower) knows(head *Head) bool {
	told := f.told.Load()
	return told != nil && told.FeedID == head.FeedID && told.KeyringVersion == head.KeyringVersion
}

// noteKeyring notes, of a poll that began at sent, whether the keyring is what the head names. At the
// first one it is taken to be: it was read before this follower was made.
func (f *Follower) noteKeyring(sent time.Time, head *Head) {
	if f.knows(head) || f.keyring.Load() == nil {
		f.keyring.Store(&sent)
	}
}

// sleep waits, and returns false if ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

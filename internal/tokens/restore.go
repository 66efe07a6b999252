package tokens

import (
	"context"
	"errors"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// Restoration makes a store safe to serve from after an older copy of it was put back. What was signed,
// opened and revoked since that copy was made is not in it, so nothing of before may go on.
type Restoration struct {
	// Keyring kills every key that could sign, and has two new ones. Its Version guards all of this.
	//
	// With the keys every access token is dead, whoever it belongs to, which is why no entry a user is
	// needed. Keys that were made in the lost time cannot be killed, because nobody knows of them; a
	// follower drops them when it sees the feed's new name.
	Keyring KeyringChange
	// FeedID is the feed's new name. No place that a follower stands on is a place in it.
	FeedID string
	// Raise is added to every epoch, of users and of clients, so that no kill of the lost time, which
	// followers keep, hits what is signed from now on.
	Raise auth.Epoch
	// At is when every session ends that was not ended, for [audit.Restored].
	At time.Time
}

// Restored counts what a restoration found.
type Restored struct {
	Users    int // whose epoch was raised
	Clients  int // the same
	Sessions int // that were ended
	Resets   int // that were deleted
	Keys     int // that were killed
}

// raiseAfterRestore is more than anybody's epoch was raised in the time that was lost.
const raiseAfterRestore auth.Epoch = 1000

// Restore makes the store safe to serve from after an older copy of it was put back: a new name for the
// feed, new keys in place of all that there are, every epoch raised, every session ended, every password
// reset deleted. It is one transaction, and doing it again costs nothing but another sign-in. It takes
// as long as the users and sessions are many, so ctx should give it time.
func (k *Keyring) Restore(ctx context.Context, from Origin) (Restored, error) {
	feedID, err := newFeedID(k.random)
	if err != nil {
		return Restored{}, err
	}
	for range 1 + maxAttempts { // of which one may only find out that keys must be made
		rows, err := k.read(ctx)
		if err != nil {
			return Restored{}, err
		}
		r, err := k.restoration(&rows, feedID)
		if again, err := k.stockUpAfter(err); err != nil {
			return Restored{}, err
		} else if again {
			continue
		}
		mark, err := newMark(k.random)
		if err != nil {
			return Restored{}, err
		}
		done, applied, err := k.store.Restore(ctx, r, mark)
		if errors.Is(err, ErrWriteConflict) || err == nil && !applied {
			continue // somebody has changed the keyring meanwhile
		}
		k.stock.spend(r.Keyring.Keys)
		if err != nil {
			return Restored{}, err
		}
		k.record(ctx, audit.Event{At: r.At, Name: audit.StoreRestored, Actor: from.Actor, Subject: feedID,
			Address: from.Address, UserAgent: from.UserAgent})
		k.recordChange(ctx, r.At, &r.Keyring, from)
		done.Keys = len(r.Keyring.Kill)
		return done, k.load(ctx)
	}
	return Restored{}, errBusy
}

// restoration decides what to do. Keys that are gone cannot sign, and their tokens are over: a kill of
// each would only be one more that is looked at with every token, for ever.
func (k *Keyring) restoration(rows *KeyringRows, feedID string) (Restoration, error) {
	step := keyStep{make: 2, first: true}
	for _, key := range livesOf(rows).keys {
		if key.published() {
			step.kill = append(step.kill, KeyKill{KID: key.KID, At: rows.Clock})
		}
	}
	change, err := k.changeOf(rows, &step)
	change.Version = rows.Version
	return Restoration{Keyring: change, FeedID: feedID, Raise: raiseAfterRestore, At: rows.Clock}, err
}

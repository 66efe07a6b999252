package revocation

import (
	"context"
	"time"
)

// Store is what a follower needs of a store.
type Store interface {
	// Follow reads the head, the row at after if there is one, and at most limit entries after it in the
	// order of seq, all from one state: an entry up to the head's seq is in, or was collected, or is
	// beyond the limit. On a store with one process (SQLite) the head's as_of is the clock, read before
	// the head was.
	Follow(ctx context.Context, after int64, limit int) (Reading, error)

	// Vouch moves the head's as_of to the store's clock if it still is seen, and never back. Of any
	// number of instances that saw the same one, one writes. Seq and mark stay. A store whose Follow
	// needs no such word does nothing.
	Vouch(ctx context.Context, seen time.Time) error

	// CollectKills deletes at most limit entries whose until lies before before, the oldest first, and
	// returns how many: no entry of kind kid, and none of the newest keep by number.
	CollectKills(ctx context.Context, before time.Time, keep int64, limit int) (int, error)
}

// Reading is what one poll of a store brings.
type Reading struct {
	Head    Head
	Clock   time.Time // the store's, read before the rest
	Found   bool      // whether there is a row at the place that was asked after
	Mark    uint64    // that row's
	Entries []Entry
}

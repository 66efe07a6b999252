package accounts

import (
	"context"
	"net/netip"
	"time"

	"github.com/authd/authd/internal/auth"
)

// CounterKey names a counter of failures: an account's (Source is zero), that of an account at one of its
// own addresses, or a source's (Account is zero). Both are HMACs (see [Accounts.counterKey]).
type CounterKey struct{ Account, Source [16]byte }

// Counter is failures, as they are stored.
type Counter struct {
	CounterKey
	Failures int       // of an account: in a row; of a source: those that have not drained away at At
	At       time.Time // of the last failure
	Version  int64     // 0: not stored
}

// CounterStore keeps counters. It adds nothing up and forgets nothing by itself: what becomes of a
// counter is decided by whoever read it, and written by compare-and-swap.
type CounterStore interface {
	// Counters reads counters in the order of keys, with when a session of the user was last opened from
	// a network (zero: never, as far as is known) and the store's clock, in one round trip. A counter that
	// is not stored has its key alone. A user or network that is zero asks about nobody.
	Counters(ctx context.Context, keys []CounterKey, user auth.UserID, network netip.Prefix) (counters []Counter, opened, clock time.Time, err error)

	// SwapCounters writes each counter, under the next version, whose stored version is still Version: 0
	// adds one that is not there. It says of each whether it was written; one that was not leaves the
	// others alone.
	SwapCounters(ctx context.Context, counters []Counter) (swapped []bool, err error)

	// ClearCounters sets all counters of an account to no failures and returns how many had some.
	ClearCounters(ctx context.Context, account [16]byte) (cleared int, err error)

	// CollectCounters deletes at most limit counters of before a time, the oldest first, and returns how
	// many.
	CollectCounters(ctx context.Context, before time.Time, limit int) (int, error)
}

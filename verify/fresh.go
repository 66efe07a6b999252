package verify

import (
	"sync/atomic"
	"time"

	"github.com/authd/authd/verify/internal/feed"
)

// clockError is how far this machine's clock and authd's may be apart: a page that says to have been
// made further away than that is refused, as it may be a replay. Who can hold back and replay pages can
// therefore add that much to a budget, and no more.
const clockError = 2 * time.Minute

// killMargin is for how long at least authd keeps a kill beyond the end of the last token that it is
// about. It is two minutes less what a commit takes.
const killMargin = time.Minute

// freshness knows since when revocations may be missing. The zero freshness knows nothing, and nothing
// is fresh by it.
type freshness struct {
	at atomic.Pointer[instant] // replaced whole by renew
}

// instant is what the last page that renewed has proved.
type instant struct {
	// complete is, on this machine's clocks, the instant up to which every revocation is known. The time
	// at which a request was sent lies before the server read anything for its answer, so counting from
	// there is never too kind, however slow the network is.
	complete time.Time
	now      int64 // when the page was made, by authd's clock, in seconds
	asOf     int64 // milliseconds
}

// renew takes a page that reaches the head without a gap, and was asked for at sent. An as_of that is
// not newer proves nothing new: a replayed page would be young for ever.
func (f *freshness) renew(p *feed.Page, sent time.Time) {
	had := f.at.Load()
	if p.AsOf > p.Now || had != nil && p.AsOf <= had.asOf {
		return
	}
	next := &instant{
		complete: sent.Add(-time.Duration(p.Now-p.AsOf) * time.Millisecond),
		now:      p.Now / 1000,
		asOf:     p.AsOf,
	}
	if had != nil && next.complete.Before(had.complete) {
		next.complete = had.complete
	}
	f.at.Store(next)
}

// age is how old what is known is.
func (i *instant) age(now time.Time) time.Duration {
	return elapsed(now.Sub(i.complete), time.Duration(now.UnixNano()-i.complete.UnixNano()))
}

// elapsed goes by the monotonic clock, which nobody can set. That one may stand still while the machine
// sleeps, so the wall clock is believed too where it says more than an error of its own explains.
func elapsed(monotonic, wall time.Duration) time.Duration { return max(monotonic, wall-clockError) }

// plausible reports whether a page was made about now.
func plausible(p *feed.Page, now time.Time) bool {
	apart := now.UnixMilli() - p.Now
	return -clockError.Milliseconds() <= apart && apart <= clockError.Milliseconds()
}

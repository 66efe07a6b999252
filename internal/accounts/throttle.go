package accounts

import (
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// Limits say how many failures are free. They are the same on all instances that share a store.
type Limits struct {
	Account int // failures in a row of one account. 0: not limited
	Source  int // failures of one source in a minute. 0: not limited
}

const (
	firstPause = 30 * time.Second // before the first attempt beyond an account's limit; doubles
	lastPause  = 15 * time.Minute

	// forgetAfter is how long a counter outlives its last failure.
	forgetAfter = 24 * time.Hour

	// knownFor is how long an address is known to an account after a session was opened from it.
	knownFor = 30 * 24 * time.Hour

	// drainTime is that of a source's limit.
	drainTime = time.Minute
)

// What a limit is called on the wire is why an attempt was refused in the audit.
const (
	accountLimit = string(audit.AccountLimit)
	sourceLimit  = string(audit.SourceLimit)
)

// ErrTooManyAttempts is the one refusal of the throttle. Nothing was compared, and known and unknown names
// are refused alike.
var ErrTooManyAttempts = &auth.Error{Kind: auth.Throttled, Code: "too_many_attempts",
	Public: "Too many attempts failed. Wait for the time that Retry-After names."}

// A verdict is what one counter says of one more attempt.
type verdict struct {
	// room is how many attempts may be in flight at once on one instance.
	room int
	// claim: the attempt must be counted as failed before it is compared.
	claim bool
	// wait, unless zero, refuses, and says for how long.
	wait time.Duration
}

// unlimited is enough room for anybody.
const unlimited = int(^uint(0) >> 1)

// account decides by the counter of an account. Below the limit each attempt in flight may turn out a
// failure, so that there is room for as many as are missing. From the limit on one attempt per pause is let
// through: it takes the pause's place before it is compared, or as many instances as there are would let
// one through each.
func (l Limits) account(c Counter, clock time.Time) verdict {
	if l.Account == 0 {
		return verdict{room: unlimited}
	}
	since := max(0, clock.Sub(c.At)) // when the clock went back, the pause begins anew
	if since >= forgetAfter {
		c.Failures = 0
	}
	if c.Failures < l.Account {
		return verdict{room: l.Account - c.Failures}
	}
	if wait := pause(c.Failures-l.Account) - since; wait > 0 {
		return verdict{wait: wait}
	}
	return verdict{room: 1, claim: true}
}

// pause is what follows a failure that is the limit's, or so many beyond it.
func pause(beyond int) time.Duration {
	if beyond >= 5 { // 30 s doubled five times is more than the last
		return lastPause
	}
	return min(firstPause<<beyond, lastPause)
}

// source decides by the counter of a source, which is a bucket that a minute empties.
func (l Limits) source(c Counter, clock time.Time) verdict {
	if l.Source == 0 {
		return verdict{room: unlimited}
	}
	c = l.drained(c, clock)
	if c.Failures < l.Source {
		return verdict{room: l.Source - c.Failures}
	}
	drop := drainTime / time.Duration(l.Source)
	over := time.Duration(c.Failures - l.Source) // of another instance, or of a greater limit
	return verdict{wait: (over+1)*drop - max(0, clock.Sub(c.At))}
}

// drained is the bucket as it is at clock. What did not drain whole stays in the time.
func (l Limits) drained(c Counter, clock time.Time) Counter {
	since := clock.Sub(c.At)
	if since <= 0 {
		return c // the clock went back, or another instance was later
	}
	drop := drainTime / time.Duration(l.Source)
	if drops := int64(since / drop); drops < int64(c.Failures) {
		c.Failures -= int(drops)
		c.At = c.At.Add(time.Duration(drops) * drop)
		return c
	}
	c.Failures, c.At = 0, clock
	return c
}

// failed is the counter of an account after one more failure.
func (l Limits) failed(c Counter, clock time.Time) Counter {
	if clock.Sub(c.At) >= forgetAfter {
		c.Failures = 0
	}
	c.Failures++
	c.At = later(c.At, clock)
	return c
}

// poured is the counter of a source after one more failure.
func (l Limits) poured(c Counter, clock time.Time) Counter {
	c = l.drained(c, clock)
	c.Failures++
	return c
}

// cleared is the counter of an account after a success that came under it when it was as seen. What
// failed meanwhile stays: it came after what the success has made good, and may be a stranger's.
func cleared(now, seen Counter) Counter {
	now.Failures = max(0, now.Failures-seen.Failures)
	return now
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// refuse returns what a client hears if one of the two says no: of both, the one that lasts longer.
func (l Limits) refuse(account, source verdict) error {
	if account.wait == 0 && source.wait == 0 {
		return nil
	}
	e := *ErrTooManyAttempts
	e.RetryAfter = max(account.wait, source.wait, time.Second)
	e.Limit = auth.Limit{Name: accountLimit, Quota: l.Account}
	if source.wait > account.wait {
		e.Limit = auth.Limit{Name: sourceLimit, Quota: l.Source, Window: drainTime}
	}
	return &e
}

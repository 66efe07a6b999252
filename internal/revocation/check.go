package revocation

import "time"

// Token is what a token says that a kill may name. An empty claim is one that it does not have.
type Token struct {
	Sid   string
	Jti   string
	Sub   string
	Epoch int64
	Kid   string
}

// Verdict is what the live set says about a token.
type Verdict int

const (
	Unknown Verdict = iota // too long without news: neither yes nor no
	Alive
	Dead
)

// Check says whether a token was killed. Dead is never taken back, so it is said even when there was no
// news for long. It takes no lock and allocates nothing.
func (f *Follower) Check(t Token) Verdict {
	stale := f.unread() // before the set is looked at: what comes in between must not vouch for that
	switch {
	case f.killed(codeKid, t.Kid), f.killed(codeSid, t.Sid), f.killed(codeJti, t.Jti):
		return Dead
	case t.Sub != "":
		subject := SubjectOf(t.Sub)
		if epoch, found := f.set.lookup(codeSub, &subject); found && t.Epoch < epoch {
			return Dead
		}
	}
	if stale {
		return Unknown
	}
	return Alive
}

func (f *Follower) killed(code uint64, claim string) bool {
	if claim == "" {
		return false
	}
	subject := SubjectOf(claim)
	_, found := f.set.lookup(code, &subject)
	return found
}

// Loaded reports whether the feed was read to its head once. Before, nothing that is not in the set is
// known to be alive.
func (f *Follower) Loaded() bool { return f.fresh.Load() != nil }

// Stale reports whether what this instance knows is too old to sign by: the feed, or the keyring, for
// 30 s or never. What the feed alone says of a token goes by the feed alone: see [Follower.Check].
func (f *Follower) Stale() bool { return f.unread() || f.KeyringStale() }

// unread reports whether the feed was not read for too long.
func (f *Follower) unread() bool {
	age, loaded := f.Age()
	return !loaded || age > MaxStaleness
}

// KeyringStale reports whether the keyring was another one than the store's for too long, or may have
// been: who signs by such a one may use a key that was retired, or killed, or that nobody has heard of.
func (f *Follower) KeyringStale() bool { return f.keyringAge() > MaxStaleness }

// keyringAge is for how long the keyring may have been another one than the store's.
func (f *Follower) keyringAge() time.Duration {
	known := f.keyring.Load()
	if f.config.Keyring == nil || known == nil {
		return 0
	}
	return passed(*known, f.config.Now())
}

// Age is how old what this instance knows is, at most: every revocation acknowledged longer ago is in.
func (f *Follower) Age() (age time.Duration, loaded bool) {
	fresh := f.fresh.Load()
	if fresh == nil {
		return 0, false
	}
	// The store read its clock after sent.
	return passed(fresh.sent, f.config.Now()) + max(0, fresh.clock.Sub(fresh.asOf)), true
}

// passed is the time between two readings of this process's clock. Of the two ways to measure it, the
// monotonic one stands while a machine sleeps, and the other one jumps when it is set: the longer counts.
func passed(from, to time.Time) time.Duration {
	return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))
}

// AsOf is as_of as of the last reading that reached the head; zero before there was one.
func (f *Follower) AsOf() time.Time {
	if fresh := f.fresh.Load(); fresh != nil {
		return fresh.asOf
	}
	return time.Time{}
}

// Clock estimates the store's clock; zero while it was never read.
func (f *Follower) Clock() time.Time { return f.clockAt(f.config.Now()) }

package revocation

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/authd/authd/internal/auth"
)

const (
	maxHeld = 10_000 // polls, of one instance
	// beyondTime is how long a place that was not read yet is waited for.
	beyondTime = time.Second

	// stopHint and fullHint tell a follower whose poll is not held when to ask again: another instance
	// at once, or this one, which should not spend itself on those whom it cannot hold.
	stopHint = time.Second
	fullHint = 5 * time.Second

	// Between two moments at which polls are let go lies this much, and as much again for each that was
	// held. It lets the entries of a busy time travel together: a fleet that is told of each by itself
	// would ask, all of it, a thousand times a second. After a quiet time there is no delay.
	turnPause     = 10 * time.Millisecond
	turnPauseEach = 50 * time.Microsecond
)

// ErrCursorUnknown tells a follower to start over: its cursor is no place in the feed.
var ErrCursorUnknown = &auth.Error{Kind: auth.Gone, Code: "cursor_unknown", Public: "The cursor is not a place in this feed. Start over without one, and keep what you have."}

// Live is what a feed is served from. [Follower] is one.
type Live interface {
	View() View
	Entries(after int64, limit int, into []Entry) []Entry
	Knows(c Cursor) (known, beyond bool)
	NextPoll() <-chan struct{}
	AwaitKeyring()
	Check(t Token) Verdict
}

// FeedConfig is what [NewFeed] needs. Nothing has a default but what says so.
type FeedConfig struct {
	Live   Live
	Signer Signer
	Issuer string
	Now    func() time.Time // paces and ages pages; what stands in them is the store's clock
	// MaxHeld is how many polls are held at once, at most 10,000, which is also what zero means. Each has a
	// connection, and anybody can ask: whoever has few connections must keep some for other requests.
	MaxHeld int
}

// Feed serves pages to followers. It asks the store nothing.
type Feed struct {
	live   Live
	signer Signer
	now    func() time.Time

	tail, catchUp *shelf

	turn     atomic.Pointer[turn]
	stopping chan struct{} // closed when Run ends

	most            int64 // polls that are held
	held            atomic.Int64
	signed, foreign atomic.Int64
	turnedAway      atomic.Int64
}

// turn is the time between two moments at which polls are let go.
type turn struct {
	feedID string
	seq    int64         // who has read less is answered at once
	over   chan struct{} // closed at its end
}

// NewFeed starts nothing.
func NewFeed(c FeedConfig) (*Feed, error) {
	if c.Live == nil || c.Signer == nil || c.Issuer == "" || c.Now == nil {
		return nil, errors.New("revocation: a feed needs a follower, a signer, an issuer and a clock")
	}
	f := &Feed{live: c.Live, signer: c.Signer, now: c.Now, most: maxHeld, stopping: make(chan struct{})}
	if 0 < c.MaxHeld && c.MaxHeld < maxHeld {
		f.most = int64(c.MaxHeld)
	}
	f.turn.Store(&turn{over: make(chan struct{})})
	var err error
	if f.tail, err = f.newShelf(c.Issuer, tailIdle, 0, true); err != nil {
		return nil, err
	}
	f.catchUp, err = f.newShelf(c.Issuer, catchUpIdle, catchUpMost, false)
	return f, err
}

func (f *Feed) newShelf(issuer string, idle, most int, toHead bool) (*shelf, error) {
	payload, err := newPayload(issuer)
	return &shelf{feed: f, idle: idle, most: most, toHead: toHead, payload: payload, flights: make(map[int64]*flight)}, err
}

// Run lets held polls go when there is something for them, until ctx ends; then it lets all go, and
// none is held any more. It is called once.
func (f *Feed) Run(ctx context.Context) error {
	defer close(f.stopping)
	for {
		next := f.live.NextPoll()
		view := f.live.View()
		if settled(view) {
			next = nil
			if !f.letGo(ctx, view) {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-view.Changed:
		case <-next: // what is missing in the view may come without a change of place
		}
	}
}

// letGo ends a turn and pauses, unless ctx ends.
func (f *Feed) letGo(ctx context.Context, v View) bool {
	held := f.held.Load()
	close(f.turn.Swap(&turn{v.FeedID, v.Seq, make(chan struct{})}).over)
	return sleep(ctx, turnPause+time.Duration(held)*turnPauseEach)
}

// settled reports whether a view shows the feed up to its head.
func settled(v View) bool { return v.Seq == v.Head && !v.AsOf.IsZero() && isFeedID(v.FeedID) }

// trusts reports whether pages of a key may be sent. A kill travels in the feed, and the keyring is read
// anew a moment later: either is enough.
func (f *Feed) trusts(kid string) bool {
	return f.signer.Published(kid) && f.live.Check(Token{Kid: kid}) != Dead
}

// FeedStats is for metrics.
type FeedStats struct {
	Held       int64 // polls, now
	Signed     int64 // pages since the start
	Foreign    int64 // cursors that were no place in the feed
	TurnedAway int64 // polls that were not held because too many are
}

// Stats reads the counters.
func (f *Feed) Stats() FeedStats {
	return FeedStats{f.held.Load(), f.signed.Load(), f.foreign.Load(), f.turnedAway.Load()}
}

package tokens

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/authd/authd/internal/audit"
)

// Policy is how long things live. No member has a useful zero value; [New] refuses zeros.
type Policy struct {
	AccessTTL      time.Duration // of an access token; whole seconds, at most 1 h
	RefreshIdleTTL time.Duration // of a session that is not used
	SessionTTL     time.Duration // of a session, used or not
	// RetryWindow is how long after a rotation the parent may be shown again. It must exceed the
	// clients' own timeout, or a lost answer looks like theft.
	RetryWindow time.Duration
	// PerUser is how many live sessions a user may have. One more ends the one that was idle longest.
	PerUser int
}

// idleEnd is when a session used at clock dies unused: never after its absolute end.
func (p Policy) idleEnd(clock, end time.Time) time.Time {
	if idle := clock.Add(p.RefreshIdleTTL); idle.Before(end) {
		return idle
	}
	return end
}

// maxNames bounds what every token repeats, so that no token outgrows what its readers look at.
const maxNames = 2 << 10

// Config is what [New] needs. Nothing has a default but what says so.
type Config struct {
	Store    Store
	Keyring  *Keyring
	Live     Live     // nil: for who only ends sessions; no token is taken for live, and none is signed
	Issuer   string   // iss of every access token
	Audience []string // aud of every access token
	Policy   Policy
	Random   io.Reader        // safe for concurrent use
	Now      func() time.Time // the process's clock, which only the collector compares with the store's
	Record   audit.Sink       // nil: [audit.Discard]
	Queue    int              // requests that may wait in each lane; zero: 4096
	Meter    Meter
}

// Meter hears of what is counted. Functions that are nil are not called; none may block.
type Meter struct {
	Minted    func()                      // an access token was signed
	Refreshed func(outcome string)        // rotated, retried, or the code of the refusal
	Batch     func(lane string, size int) // a lane, rotations or deaths, begins to settle a batch
}

func (m *Meter) fill() {
	if m.Minted == nil {
		m.Minted = func() {}
	}
	if m.Refreshed == nil {
		m.Refreshed = func(string) {}
	}
	if m.Batch == nil {
		m.Batch = func(string, int) {}
	}
}

// Sessions opens, refreshes and ends sessions. Nothing is answered by Refresh and LogOut before Run.
type Sessions struct {
	store    Store
	keyring  *Keyring
	live     Live
	issuer   string
	audience audience
	policy   Policy
	random   io.Reader
	now      func() time.Time
	record   audit.Sink
	meter    Meter

	rotations *lane[*rotation]
	deaths    *lane[*death]
	stopped   chan struct{} // closed when Run has returned
	sprees    sprees
}

// New checks the configuration and starts nothing.
func New(c Config) (*Sessions, error) {
	p := c.Policy
	switch {
	case c.Store == nil, c.Keyring == nil, c.Random == nil, c.Now == nil:
		return nil, errors.New("tokens: a store, a keyring, randomness and a clock are needed")
	case c.Issuer == "", len(c.Audience) == 0:
		return nil, errors.New("tokens: an issuer and an audience are needed")
	case len(c.Issuer)+len(strings.Join(c.Audience, "")) > maxNames:
		return nil, fmt.Errorf("tokens: issuer and audience have more than %d bytes together: such tokens fit into no header", maxNames)
	case p.AccessTTL < time.Second, p.RefreshIdleTTL <= 0, p.SessionTTL <= 0, p.RetryWindow <= 0, p.PerUser < 1:
		return nil, fmt.Errorf("tokens: every limit must be positive: %+v", p)
	case p.AccessTTL > c.Keyring.maxTTL:
		// Kills are kept for as long as the head says that tokens live.
		return nil, fmt.Errorf("tokens: access tokens of %v, and the keyring was opened for %v", p.AccessTTL, c.Keyring.maxTTL)
	}
	if c.Record == nil {
		c.Record = audit.Discard
	}
	if c.Live == nil {
		c.Live = unread{}
	}
	if c.Queue == 0 {
		c.Queue = 4096
	}
	s := &Sessions{
		store: waking{c.Store, c.Live}, keyring: c.Keyring, live: c.Live, issuer: c.Issuer, audience: c.Audience, policy: p,
		random: c.Random, now: c.Now, record: c.Record, meter: c.Meter, stopped: make(chan struct{}),
	}
	s.meter.fill()
	s.rotations = newLane(c.Queue, func(ctx context.Context, batch []*rotation) {
		s.meter.Batch("rotations", len(batch))
		s.settleRotations(ctx, batch)
	})
	s.deaths = newLane(c.Queue, func(ctx context.Context, batch []*death) {
		s.meter.Batch("deaths", len(batch))
		s.settleDeaths(ctx, batch)
	})
	return s, nil
}

// Run works both lanes and the collector until ctx ends. It is called once, and after the last request
// has been answered is the time to end it: who still waits is told that the service is busy.
func (s *Sessions) Run(ctx context.Context) error {
	defer close(s.stopped)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.rotations.run(ctx) })
	g.Go(func() error { return s.deaths.run(ctx) })
	g.Go(func() error { return s.collect(ctx) })
	return g.Wait()
}

// Waiting is how many requests wait in each lane.
func (s *Sessions) Waiting() (rotations, deaths int) {
	return len(s.rotations.queue), len(s.deaths.queue)
}

// newMark draws the mark of a transaction that adds entries to the feed.
func (s *Sessions) newMark() (uint64, error) { return newMark(s.random) }

func newMark(random io.Reader) (uint64, error) {
	var b [8]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return 0, fmt.Errorf("draw a mark: %w", err)
	}
	return binary.BigEndian.Uint64(b[:]), nil
}

// changeUser applies a change, and takes a conflict of locks for a lost swap: decide again.
func (s *Sessions) changeUser(ctx context.Context, change UserChange, mark uint64) (applied bool, err error) {
	applied, err = s.store.ChangeUser(ctx, change, mark)
	if errors.Is(err, ErrWriteConflict) {
		return false, nil
	}
	if applied && (change.RaiseEpoch || len(change.End) > 0) {
		s.live.Sync(ctx)
	}
	return applied, err
}

// event is what happened to a session at the store's clock.
func event(at time.Time, name audit.Name, reason audit.Reason, session *Loaded, from Origin) audit.Event {
	return audit.Event{
		At: at, Name: name, Reason: reason, Actor: from.Actor, User: session.User, Session: session.ID,
		Address: from.Address, UserAgent: from.UserAgent,
	}
}

// alarm asks an operator to look. Whoever showed the token has not caused what it brought to light.
func alarm(at time.Time, reason audit.Reason, session *Loaded, from Origin) audit.Event {
	e := event(at, audit.AlarmRaised, reason, session, from)
	e.Actor = audit.System
	return e
}

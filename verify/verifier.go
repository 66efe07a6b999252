package verify

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authd/authd/verify/internal/jws"
	"github.com/authd/authd/verify/internal/live"
)

// maxToken bounds what is looked at at all. authd's tokens have about 550 bytes.
const maxToken = 8 << 10

// minSweep is how many kills at least are looked at after a page to find those that have run out.
const minSweep = 4096

// Verifier says whether access tokens are good. Make one with [New] for the whole service, and start its
// [Verifier.Run]. It may be used by many goroutines at once. The zero Verifier accepts nothing.
type Verifier struct {
	c      *core
	budget time.Duration
}

// core is shared by the verifiers of one New, whatever their budgets.
type core struct {
	issuer, audience string
	leeway           time.Duration
	feedURL          string
	client           *http.Client
	hooks            Hooks
	writeError       func(http.ResponseWriter, *http.Request, error)

	keys   *keyring
	tokens cache
	kills  live.Set
	fresh  freshness

	tightest atomic.Int64 // the least budget of any verifier, in nanoseconds
	running  atomic.Bool

	mu      sync.Mutex
	news    chan struct{} // closed at the next poll's end, and replaced; nil if nobody waits
	lastErr error         // of the last poll
}

// New makes a verifier, or says everything that is wrong with the configuration. It starts nothing.
func New(config Config) (*Verifier, error) {
	c, err := newCore(config)
	if err != nil {
		return nil, err
	}
	return &Verifier{c, defaulted(config.MaxStaleness, defaultStaleness)}, nil
}

// WithMaxStaleness returns a verifier with another budget, for routes where more or less is at stake. It
// shares everything with v, which does the polling for both.
func (v *Verifier) WithMaxStaleness(budget time.Duration) (*Verifier, error) {
	if budget == 0 {
		return nil, errors.New("verify: WithMaxStaleness of nothing")
	}
	if err := checkBudget(budget); err != nil {
		return nil, err
	}
	if v == nil || v.c == nil {
		return nil, ErrNotReady
	}
	v.c.tighten(budget)
	return &Verifier{v.c, budget}, nil
}

// Run fetches keys and follows the feed until ctx ends, and returns nil then. What fails meanwhile is
// tried again and told to the hooks; it is not the end of Run. One Run serves the verifiers of one New.
func (v *Verifier) Run(ctx context.Context) error {
	if v == nil || v.c == nil {
		return errors.New("verify: Run of a Verifier that New did not make")
	}
	if !v.c.running.CompareAndSwap(false, true) {
		return errors.New("verify: Run of a Verifier that runs already")
	}
	defer v.c.running.Store(false)
	var both sync.WaitGroup
	both.Go(func() { v.c.keys.run(ctx) })
	both.Go(func() { (&follower{c: v.c}).run(ctx) })
	both.Wait()
	return nil
}

// Token says what an access token says, if it is good. Whatever the error, the claims are empty then.
func (v *Verifier) Token(ctx context.Context, raw string) (Claims, error) {
	t, err := v.verify(ctx, raw)
	if v != nil && v.c != nil && v.c.hooks.Verified != nil {
		v.c.hooks.Verified(err)
	}
	if err != nil {
		return Claims{}, err
	}
	return Claims{t}, nil
}

func (v *Verifier) verify(ctx context.Context, raw string) (*token, error) {
	now := time.Now()
	known, err := v.known(now)
	if err != nil {
		return nil, err
	}
	t, err := v.c.open(ctx, raw, now)
	if err != nil {
		return nil, err
	}
	// Kills are let go when both clocks are past their until. A token that could outlive its kill, because
	// this machine's clock was set back since, has ended by authd's.
	if t.expiry+int64(killMargin/time.Second) <= known.now {
		return nil, ErrExpired
	}
	if err := t.times(now, v.c.leeway); err != nil {
		return nil, err
	}
	return t, v.c.killed(t)
}

// known returns up to when revocations are known, if that is enough for the budget.
func (v *Verifier) known(now time.Time) (*instant, error) {
	if v == nil || v.c == nil {
		return nil, ErrNotReady
	}
	known := v.c.fresh.at.Load()
	if known == nil {
		return nil, ErrNotReady
	}
	if known.age(now) > v.budget {
		return nil, ErrStale
	}
	return known, nil
}

// open returns what does not change while a token lives, from memory if the same text was found good
// with the same keys before.
func (c *core) open(ctx context.Context, raw string, now time.Time) (*token, error) {
	set := c.keys.set.Load()
	if set == nil {
		return nil, errNoKeysYet
	}
	if t := c.tokens.get(raw, set.generation); t != nil {
		return t, nil
	}
	if len(raw) > maxToken {
		return nil, invalid(jws.ErrTooLong)
	}
	m, err := jws.Parse([]byte(raw), maxToken)
	switch {
	case err != nil:
		return nil, invalid(err)
	case m.Type != "at+jwt" && m.Type != "application/at+jwt": // RFC 9068, section 4
		return nil, invalid(errType)
	}
	key, generation, err := c.keys.token(ctx, m.KeyID)
	if err != nil {
		return nil, err
	}
	body, err := m.Open(key, nil)
	if err != nil {
		return nil, invalid(err)
	}
	p, err := readPayload(body, c.issuer, c.audience)
	if err == nil {
		err = p.check()
	}
	if err != nil {
		return nil, invalid(err)
	}
	t := p.seal()
	c.tokens.put(raw, generation, t, now)
	return t, nil
}

var (
	errNoKeysYet = fmt.Errorf("%w: no keys", ErrNotReady)
	errType      = errors.New("not an access token: its typ is not at+jwt")
)

// killed looks a token up among the kills. Its key needs no look: killed keys are not in the set.
func (c *core) killed(t *token) error {
	if t.session != "" {
		if _, dead := c.kills.Value(live.Session, &t.sessionKill); dead {
			return errSessionEnded
		}
	}
	if least, ok := c.kills.Value(live.Subject, &t.subjectKill); ok && uint64(t.epoch) < least {
		return errEpochRaised
	}
	if _, dead := c.kills.Value(live.Token, &t.idKey); dead {
		return errTokenKilled
	}
	return nil
}

// wait is for how long a poll is to be held: a third of the tightest budget, so that two may fail.
func (c *core) wait() time.Duration {
	return min(maxWait, (time.Duration(c.tightest.Load()) / 3).Truncate(time.Second))
}

// tighten makes polls fast enough for a budget.
func (c *core) tighten(budget time.Duration) {
	for {
		had := c.tightest.Load()
		if had != 0 && had <= int64(budget) || c.tightest.CompareAndSwap(had, int64(budget)) {
			return
		}
	}
}

// forget lets some of the kills go that are past by this machine's clock and by authd's. All of them are
// looked at within 16 calls.
func (c *core) forget() {
	known := c.fresh.at.Load()
	if known == nil {
		return
	}
	before := max(0, min(time.Now().Unix(), known.now))
	c.kills.Forget(uint32(min(before, math.MaxUint32)), max(minSweep, c.kills.Len()/16))
}

package accounts

import (
	"context"
	"errors"

	"github.com/authd/authd/internal/auth"
)

// turnstile is one counter while somebody has to do with it on this instance. The gate's mutex guards it.
type turnstile struct {
	key      CounterKey    // never changes
	counter  Counter       // the newest that is known here
	users    int           // the last one to leave removes it
	inFlight int           // attempts that are being compared
	changed  chan struct{} // closed at the next change
}

// maxWaiting is how many attempts may wait for others. More are sent away at once: waiting costs memory.
const maxWaiting = 4096

var errCrowded = errors.New("too many attempts wait for others")

func (t *turnstile) tell() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// learn takes in a counter that was read. What was read before the newest that is known is old: an attempt
// that was compared meanwhile has been counted since.
func (t *turnstile) learn(c Counter) {
	if c.Version >= t.counter.Version {
		t.counter = c
	}
}

func (t *turnstile) crowded(v verdict) bool { return t != nil && t.inFlight >= v.room }

// hold takes a turnstile into use, making it if nobody else has. Whoever reads a counter holds its turnstile
// before, so that no change of this instance goes by unseen.
func (g *gate) hold(key CounterKey) *turnstile {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.turnstiles[key]
	if t == nil {
		t = &turnstile{key: key, counter: Counter{CounterKey: key}, changed: make(chan struct{})}
		g.turnstiles[key] = t
	}
	t.users++
	return t
}

func (g *gate) let(t *turnstile) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.users--; t.users == 0 {
		delete(g.turnstiles, t.key)
	}
}

// wait waits for a change of a turnstile. The caller holds the gate's mutex, and wait gives it back.
func (g *gate) wait(ctx context.Context, t *turnstile) error {
	changed := t.changed
	if g.waiting >= maxWaiting {
		g.mu.Unlock()
		return auth.ErrUnavailable.Because(errCrowded)
	}
	g.waiting++
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		g.waiting--
		g.mu.Unlock()
	}()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return auth.ErrUnavailable.Because(ctx.Err())
	}
}

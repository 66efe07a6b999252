package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authd/authd/verify/internal/jws"
	"github.com/authd/authd/verify/internal/live"
)

const (
	keyTimeout  = 5 * time.Second
	keyCoolDown = 30 * time.Second // between fetches that unknown kids ask for
	keyWait     = 2 * time.Second  // how long a token with an unknown kid waits for such a fetch
	keyRetry    = 5 * time.Second  // after a fetch that failed; twice that with jitter
	keyMaxAge   = 24 * time.Hour   // keys that could not be confirmed for that long are let go (D11)
)

var (
	errUnknownKey = errors.New("signed by an unknown key")
	errUnknown    = invalid(errUnknownKey)
)

// keyring holds the issuer's keys and fetches them. Its run fetches; everybody else asks for it.
type keyring struct {
	url    string
	client *http.Client
	report func(error) // a hook, or nil

	set  atomic.Pointer[keyset] // nil: no keys. Replaced whole
	wake chan struct{}          // has room for one: somebody waits for flight

	mu          sync.Mutex
	killed      map[live.Digest]bool // kids; never forgotten
	etag        string
	generations uint64
	flight      *flight // the fetch that is asked for or under way
	asked       time.Time
	confirmed   time.Time // when the set was last known to be what authd publishes
	lastErr     error
	drops       int // a fetch that was under way during a drop may bring what was dropped
}

// A flight is one fetch, whose end any number may wait for.
type flight struct{ done chan struct{} }

func newKeyring(url string, client *http.Client, report func(error)) *keyring {
	return &keyring{url: url, client: client, report: report,
		wake: make(chan struct{}, 1), killed: make(map[live.Digest]bool)}
}

// run fetches the keys at once, then when they may have changed, and when somebody asks.
func (k *keyring) run(ctx context.Context) {
	for pause := time.Duration(0); ; {
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		case <-k.wake:
			timer.Stop()
		}
		f := k.join()
		pause = k.land(f, k.fetch(ctx))
	}
}

// join returns the flight that is asked for, or begins one. It is run's alone.
func (k *keyring) join() *flight {
	k.mu.Lock()
	defer k.mu.Unlock()
	select {
	case <-k.wake: // who called waits for this flight
	default:
	}
	if k.flight == nil {
		k.flight = &flight{done: make(chan struct{})}
	}
	return k.flight
}

// call returns the flight that is under way, or asks run for one. The caller holds mu.
func (k *keyring) call() *flight {
	if k.flight == nil {
		k.flight = &flight{done: make(chan struct{})}
		select {
		case k.wake <- struct{}{}:
		default:
		}
	}
	return k.flight
}

// land ends a flight and says when the next is due.
func (k *keyring) land(f *flight, o outcome) time.Duration {
	if k.report != nil {
		k.report(errors.Join(o.err, faultsError(o.faults)))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.flight, k.lastErr = nil, o.err
	close(f.done)
	switch {
	case o.err == nil:
		k.confirmed = time.Now()
		return o.fresh - rand.N(o.fresh/8) // not all verifiers of a fleet at once
	case errors.Is(o.err, errSuperseded):
		return 0
	}
	if set := k.set.Load(); set != nil && time.Since(k.confirmed) > keyMaxAge {
		k.forget()
	}
	return keyRetry + rand.N(keyRetry)
}

// token returns the key with a kid, and the generation of the set that it was found in. It may wait for
// one fetch of the keys, if that was not done lately: random kids must not become a flood (A7).
func (k *keyring) token(ctx context.Context, kid string) (key *jws.Key, generation uint64, err error) {
	set := k.set.Load()
	if set == nil {
		return nil, 0, fmt.Errorf("%w: no keys", ErrNotReady)
	}
	if key = set.keys[kid]; key != nil {
		return key, set.generation, nil
	}
	f, err := k.ask(kid)
	if err != nil {
		return nil, 0, err
	}
	if f != nil {
		wait, cancel := context.WithTimeout(ctx, keyWait)
		defer cancel()
		select {
		case <-f.done:
		case <-wait.Done():
		}
	}
	if set = k.set.Load(); set != nil && set.keys[kid] != nil {
		return set.keys[kid], set.generation, nil
	}
	return nil, 0, k.unknown()
}

// ask begins or joins a fetch for a kid that is not known. It returns nil within the cool-down.
func (k *keyring) ask(kid string) (*flight, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.killed[live.DigestOf(kid)]:
		return nil, errKeyKilled
	case k.flight != nil:
		return k.flight, nil
	case !k.asked.IsZero() && time.Since(k.asked) < keyCoolDown:
		return nil, nil
	}
	k.asked = time.Now()
	return k.call(), nil
}

// unknown says what a kid is that is not in the set. If the set could not be had, that is not known:
// a 401 would send a client that did nothing wrong to sign in again.
func (k *keyring) unknown() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.lastErr != nil:
		return fmt.Errorf("%w: a key is unknown, and the key set cannot be had: %w", ErrNotReady, k.lastErr)
	case k.flight != nil:
		return fmt.Errorf("%w: a key is unknown, and the key set has not come yet", ErrNotReady)
	}
	return errUnknown
}

// page returns the key of a page of the feed. Unlike for tokens there is no cool-down: pages come from
// authd itself, one after another, and the follower pauses when one is refused.
func (k *keyring) page(ctx context.Context, kid string) (*jws.Key, error) {
	if set := k.set.Load(); set != nil && set.keys[kid] != nil {
		return set.keys[kid], nil
	}
	k.mu.Lock()
	f := k.call()
	k.mu.Unlock()
	select {
	case <-f.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	set := k.set.Load()
	if set == nil || set.keys[kid] == nil {
		return nil, errUnknownKey
	}
	return set.keys[kid], nil
}

// publish makes a set the current one. One with the keys of the last is the last. The caller holds mu.
func (k *keyring) publish(keys []*jws.Key, body []byte) {
	if last := k.set.Load(); last != nil && bytes.Equal(last.body, body) {
		return
	}
	k.generations++
	set := &keyset{keys: keysByID(keys), body: body, generation: k.generations}
	set.keys = set.without(k.killed)
	k.set.Store(set)
}

// kill drops keys at once and for ever.
func (k *keyring) kill(kids []live.Digest) {
	if len(kids) == 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, kid := range kids {
		k.killed[kid] = true
	}
	set := k.set.Load()
	if set == nil {
		return
	}
	if rest := set.without(k.killed); len(rest) != len(set.keys) {
		k.generations++
		k.set.Store(&keyset{keys: rest, body: set.body, generation: k.generations})
	}
}

// renew lets all keys go and has them fetched anew; those that were killed stay killed.
func (k *keyring) renew() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.forget()
	k.call()
}

// forget lets all keys go. The caller holds mu.
func (k *keyring) forget() {
	k.drops++
	k.etag = ""
	k.set.Store(nil)
}

// len returns the number of keys.
func (k *keyring) len() int {
	if set := k.set.Load(); set != nil {
		return len(set.keys)
	}
	return 0
}

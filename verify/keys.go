package verify

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authd/authd/verify/internal/live"
)

const (
	keyTimeout  = 5 * time.Second
	keyCoolDown = 30 * time.Second // between fetches that unknown kids of tokens ask for
	pageCool    = 10 * time.Second // the same of pages, which come one after another
	keyWait     = 2 * time.Second  // how long a token with an unknown kid waits for such a fetch
	keyRetry    = 5 * time.Second  // after a fetch that failed; twice that with jitter
	keyMaxAge   = 24 * time.Hour   // keys that could not be confirmed for that long are let go
)

var (
	errUnknownKey      = errors.New("signed by an unknown key")
	errPageOfKilledKey = errors.New("signed by a key that was killed")
	errUnknown         = invalid(errUnknownKey)
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
	fresh       time.Duration // what the last 200 said of its age
	generations uint64
	flight      *flight   // the fetch that is asked for or under way
	asked       time.Time // when a token last asked for a fetch
	askedByPage time.Time
	confirmed   time.Time // when the set was last known to be what authd publishes
	lastErr     error
	drops       int // a fetch that was under way during a drop may bring what was dropped
}

// A flight is one fetch, whose end any number may wait for.
type flight struct {
	done  chan struct{}
	asked bool // somebody has a reason to think that the keys have changed
}

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
		pause = k.land(f, k.fetch(ctx, f))
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
		k.flight = &flight{done: make(chan struct{}), asked: true}
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

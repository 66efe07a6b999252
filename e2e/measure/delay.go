//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/authd/authd/verify"
)

// look is how often each verifier is asked whether it refuses by now: the error of what is measured.
const look = 200 * time.Microsecond

// delays is, for each logout, how long after its answer it was obeyed.
type delays struct {
	everywhere []time.Duration // by the last of the verifiers
	same       []time.Duration // by a verifier on the instance that was told
	other      []time.Duration // by a verifier on the other one
}

// guard is a verifier, and which instance it follows.
type guard struct {
	*verify.Verifier
	on int
}

// timeLogouts logs sessions out one by one, at the two instances in turn, and watches three verifiers:
// one on the first instance, two on the second.
func (w *world) timeLogouts(ctx context.Context, n int) (d delays, err error) {
	guards, stop, err := w.follow(ctx, 0, 1, 1)
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	const perUser = 50
	var sessions []session
	for len(sessions) < n {
		more, err := w.signIn(ctx, fmt.Sprintf("user-%d", len(sessions)), min(perUser, n-len(sessions)))
		if err != nil {
			return d, err
		}
		sessions = append(sessions, more...)
		// Tokens live five minutes, so they are used as they come.
		for at, s := range more {
			if err := w.timeLogout(ctx, s, at%len(w.instances), guards, &d); err != nil {
				return d, fmt.Errorf("logout %d: %w", len(sessions)-len(more)+at, err)
			}
		}
	}
	for _, each := range [][]time.Duration{d.everywhere, d.same, d.other} {
		slices.Sort(each)
	}
	return d, nil
}

// follow starts a verifier for each of the given instances and waits until they know everything.
func (w *world) follow(ctx context.Context, on ...int) (guards []guard, stop func() error, err error) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	failed := make(chan error, len(on))
	stop = func() error {
		cancel()
		wg.Wait()
		close(failed)
		for each := range failed {
			err = errors.Join(err, each)
		}
		return err
	}
	for _, at := range on {
		v, err := verify.New(verify.Config{Issuer: issuer, Audience: issuer, URL: w.instances[at].url})
		if err != nil {
			return nil, stop, errors.Join(err, stop())
		}
		wg.Go(func() {
			if err := v.Run(ctx); err != nil {
				failed <- err
			}
		})
		ready, done := context.WithTimeout(ctx, patience)
		err = v.WaitReady(ready)
		done()
		if err != nil {
			return nil, stop, errors.Join(err, stop())
		}
		guards = append(guards, guard{v, at})
	}
	return guards, stop, nil
}

// timeLogout logs one session out at an instance. Its moment is drawn, so that it falls in no step with
// whatever the instances do at regular times.
func (w *world) timeLogout(ctx context.Context, s session, at int, guards []guard, d *delays) error {
	pause := time.NewTimer(rand.N(150 * time.Millisecond))
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, g := range guards {
		if _, err := g.Token(ctx, s.Access); err != nil {
			return fmt.Errorf("before its logout the token is refused: %w", err)
		}
	}
	if err := w.logOut(ctx, w.instances[at], s); err != nil {
		return err
	}
	zero := time.Now()
	took, err := watch(ctx, guards, s.Access, zero)
	if err != nil {
		return err
	}
	d.everywhere = append(d.everywhere, slices.Max(took))
	for i, g := range guards {
		if g.on == at {
			d.same = append(d.same, took[i])
		} else {
			d.other = append(d.other, took[i])
		}
	}
	return nil
}

// watch returns when each verifier began to refuse the token.
func watch(ctx context.Context, guards []guard, token string, zero time.Time) ([]time.Duration, error) {
	took := make([]time.Duration, len(guards))
	tick := time.NewTicker(look)
	defer tick.Stop()
	for left := len(guards); left > 0; {
		for i, g := range guards {
			if took[i] != 0 {
				continue
			}
			switch _, err := g.Token(ctx, token); {
			case errors.Is(err, verify.ErrRevoked):
				took[i] = max(time.Since(zero), 1)
				left--
			case err != nil:
				return nil, err
			}
		}
		if time.Since(zero) > patience {
			return nil, fmt.Errorf("still accepted after %v", patience)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return took, nil
}

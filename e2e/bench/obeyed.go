//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/authd/authd/e2e/bench/report"
	"github.com/authd/authd/verify"
)

// look is how often a verifier is asked whether it refuses by now: the error of what is measured.
const look = 200 * time.Microsecond

// obeyed measures the time from the answer to a logout until both of two verifiers refuse a token of the session: one
// follows the instance that was told, the other one another instance on the same store.
func (b *bench) obeyed(ctx context.Context) error {
	if err := b.stockUp(ctx); err != nil {
		return err
	}
	var held []token // of nobody else: a session that was logged out before is known to be dead
	if err := b.es256.add(ctx, &held, b.plan.obeyed); err != nil {
		return err
	}
	second, err := b.serve(ctx, b.es256.settings...)
	if err != nil {
		return err
	}
	defer b.end(second)
	var guards []*verify.Verifier
	for _, i := range []*instance{b.es256.instance, second} {
		v, stop, err := follow(ctx, verify.Config{Issuer: issuer, Audience: issuer, URL: "http://" + i.address})
		if err != nil {
			return err
		}
		defer stop()
		guards = append(guards, v)
	}
	var delays []float64
	for n := range held {
		took, err := b.timeLogout(ctx, &held[n], guards)
		if err != nil {
			return fmt.Errorf("logout %d: %w", n, err)
		}
		delays = append(delays, took.Seconds()*1e3)
	}
	slices.Sort(delays)
	at := func(q float64) report.Spread { return report.Of([]float64{delays[int(q*float64(len(delays)))]}) }
	b.found.Rows = append(b.found.Rows,
		atMost("obeyed-p50", fmt.Sprintf("logout acknowledged to refused at both of two verifiers, p50 of %d logouts", len(delays)), "ms", 50, "until it expires", at(0.50)),
		atMost("obeyed-p99", fmt.Sprintf("logout acknowledged to refused at both of two verifiers, p99 of %d logouts", len(delays)), "ms", 1000, "until it expires", at(0.99)))
	return nil
}

// timeLogout ends a session at a moment that falls in no step with what instances do at regular times.
func (b *bench) timeLogout(ctx context.Context, held *token, guards []*verify.Verifier) (time.Duration, error) {
	body, err := once(b.es256.instance.address, 200, post("/refresh", `{"refresh_token":"`+string(held[:])+`"}`))
	if err != nil {
		return 0, err
	}
	access, err := memberOf([]byte(body), "access_token")
	if err != nil {
		return 0, err
	}
	next, err := memberOf([]byte(body), "refresh_token")
	if err != nil {
		return 0, err
	}
	copy(held[:], next)
	if err := pause(ctx, rand.N(120*time.Millisecond)); err != nil {
		return 0, err
	}
	for _, v := range guards {
		if _, err := v.Token(ctx, string(access)); err != nil {
			return 0, fmt.Errorf("before its logout the token is refused: %w", err)
		}
	}
	if _, err := once(b.es256.instance.address, 204, post("/logout", `{"refresh_token":"`+string(held[:])+`"}`)); err != nil {
		return 0, err
	}
	return untilRefused(ctx, string(access), guards)
}

// untilRefused returns when the last of the verifiers refuses a token.
func untilRefused(ctx context.Context, access string, guards []*verify.Verifier) (time.Duration, error) {
	zero := time.Now()
	ticks := time.NewTicker(look)
	defer ticks.Stop()
	for {
		refused := 0
		for _, v := range guards {
			switch _, err := v.Token(ctx, access); {
			case errors.Is(err, verify.ErrRevoked):
				refused++
			case err != nil:
				return 0, err
			}
		}
		if refused == len(guards) {
			return time.Since(zero), nil
		}
		if time.Since(zero) > patience {
			return 0, fmt.Errorf("still accepted after %v", patience)
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// follow starts a verifier and waits until it knows every kill.
func follow(ctx context.Context, c verify.Config) (v *verify.Verifier, stop func(), err error) {
	if v, err = verify.New(c); err != nil {
		return nil, nil, err
	}
	running, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() { _ = v.Run(running) }) // it ends only with its context
	stop = func() { cancel(); group.Wait() }
	ready, done := context.WithTimeout(ctx, patience)
	defer done()
	if err := v.WaitReady(ready); err != nil {
		stop()
		return nil, nil, err
	}
	return v, stop, nil
}

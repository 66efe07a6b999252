//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// load is one kind of request that so many clients make again and again, each as soon as it has its answer.
type load struct {
	id, what string
	clients  int
	size     int       // requests that one act makes; zero: one
	service  *instance // whose CPU time counts as the service's; nil: the work is done in this process
	// open makes client n. What it returns is called by one goroutine, again and again; leave ends it.
	open func(ctx context.Context, n int) (act func(context.Context) error, leave func(), err error)
	// rest, unless nil, repairs between two turns what a turn uses up.
	rest func(context.Context) error
}

// errUsedUp is what an act returns when there is nothing left to be done in this turn.
var errUsedUp = errors.New("all is used up")

// turn is what happened while a load had its turn.
type turn struct {
	took      time.Duration
	requests  int
	latencies []time.Duration // of each act, sorted
	cpu       accounts        // used meanwhile
}

func (t *turn) perSecond() float64 { return float64(t.requests) / t.took.Seconds() }

// each is an amount per request.
func (t *turn) each(amount float64) float64 { return amount / float64(max(t.requests, 1)) }

// cost is CPU time per request, in milliseconds.
func (t *turn) cost(cpu time.Duration) float64 { return t.each(cpu.Seconds() * 1e3) }

// quantile of the latencies, in milliseconds.
func (t *turn) quantile(q float64) float64 {
	if len(t.latencies) == 0 {
		return 0
	}
	return t.latencies[min(int(q*float64(len(t.latencies))), len(t.latencies)-1)].Seconds() * 1e3
}

// take lets the clients work for a time.
func (w *world) take(ctx context.Context, l *load, long time.Duration) (t turn, err error) {
	working, over := context.WithTimeout(ctx, long+patience)
	defer over()
	acts := make([]func(context.Context) error, l.clients)
	for n := range acts {
		act, leave, err := l.open(working, n)
		if err != nil {
			return t, err
		}
		defer leave()
		acts[n] = act
	}
	if l.service != nil {
		if err := l.service.forget(); err != nil {
			return t, err
		}
	}
	before, err := w.accounts(ctx, l.service)
	if err != nil {
		return t, err
	}
	began := time.Now()
	t.latencies, err = together(working, acts, began.Add(long))
	t.took, t.requests = time.Since(began), len(t.latencies)*max(l.size, 1)
	if err != nil {
		return t, l.blame(err)
	}
	after, err := w.accounts(ctx, l.service)
	t.cpu = after.since(before)
	if l.rest != nil {
		err = errors.Join(err, l.rest(ctx))
	}
	return t, err
}

// blame says of an error which load had it, and who owes an answer that never came.
func (l *load) blame(err error) error {
	if l.service != nil && (errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)) {
		err = fmt.Errorf("%s at %s, process %d, does not answer: %w", l.service.cmd.Path, l.service.address, l.service.pid(), err)
	}
	if l.what == "" {
		return err
	}
	return fmt.Errorf("%s: %w", l.what, err)
}

// together runs acts side by side until the end, and returns how long each call took, sorted.
func together(ctx context.Context, acts []func(context.Context) error, end time.Time) ([]time.Duration, error) {
	own, failed := make([][]time.Duration, len(acts)), make([]error, len(acts))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	for n, act := range acts {
		group.Go(func() {
			for now := time.Now(); now.Before(end) && ctx.Err() == nil; {
				if failed[n] = act(ctx); failed[n] != nil {
					if !errors.Is(failed[n], errUsedUp) {
						cancel()
					}
					return
				}
				before := now
				now = time.Now()
				own[n] = append(own[n], now.Sub(before))
			}
		})
	}
	group.Wait()
	for _, err := range failed {
		if err != nil && !errors.Is(err, errUsedUp) && !errors.Is(err, context.Canceled) {
			return nil, err
		}
	}
	all := slices.Concat(own...)
	slices.Sort(all)
	return all, ctx.Err()
}

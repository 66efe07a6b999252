//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/authd/authd/e2e/bench/report"
)

// starts measures an authd that has next to nothing to do: how long it takes to answer, and what it occupies.
func (b *bench) starts(ctx context.Context) error {
	url, err := b.schema(ctx, "idle")
	if err != nil {
		return err
	}
	first, err := b.serve(ctx, onPostgres(url)...) // makes the tables and the keys
	if err != nil {
		return err
	}
	if err := b.end(first); err != nil {
		return err
	}
	var took, resident []float64
	for n := range b.plan.starts {
		t, i, err := b.start(ctx, onPostgres(url))
		if err != nil {
			return err
		}
		took = append(took, t.Seconds()*1e3)
		if n < 3 {
			mib, err := i.settledMiB(ctx)
			if err != nil {
				return err
			}
			resident = append(resident, mib)
		}
		if err := b.end(i); err != nil {
			return err
		}
	}
	b.found.Rows = append(b.found.Rows,
		atMost("start", "start to the first 200", "ms", 40, "94", report.Of(took)),
		atMost("rss-idle", "resident memory, idle", "MiB", 20, "38", report.Of(resident)))
	return b.manySessions(ctx)
}

// manySessions measures what an authd occupies whose store is as full as this run makes one, after it has served. It
// is a store from which nobody was logged out: live kills have a row of their own.
func (b *bench) manySessions(ctx context.Context) error {
	if err := b.stockUp(ctx); err != nil {
		return err
	}
	var resident []float64
	for range 3 {
		_, i, err := b.start(ctx, b.eddsa.settings)
		if err != nil {
			return err
		}
		served := *b.eddsa
		served.instance = i
		if _, err := b.take(ctx, served.refreshes("", "", few), time.Second); err != nil {
			return err
		}
		mib, err := i.settledMiB(ctx)
		if err != nil {
			return err
		}
		resident = append(resident, mib)
		if err := b.end(i); err != nil {
			return err
		}
	}
	b.found.Rows = append(b.found.Rows, atMost("rss-sessions",
		fmt.Sprintf("resident memory, %s sessions stored", count(len(b.eddsa.staying))), "MiB", 28, "", report.Of(resident)))
	return nil
}

// start begins a process and returns how long it took until it was ready to serve.
func (b *bench) start(ctx context.Context, settings []string) (took time.Duration, i *instance, err error) {
	address, err := freeAddress()
	if err != nil {
		return 0, nil, err
	}
	type answer struct {
		took time.Duration
		err  error
	}
	ready := make(chan answer, 1)
	asking, stop := context.WithCancel(ctx)
	defer stop() // nobody asks for one that never came up
	began := time.Now()
	go func() {
		err := untilReady(asking, address, patience)
		ready <- answer{time.Since(began), err}
	}()
	if i, err = b.serve(ctx, append(settings[:len(settings):len(settings)], "AUTHD_ADDR="+address)...); err != nil {
		return 0, nil, err
	}
	came := <-ready
	return came.took, i, came.err // one that is never ready ends with the world
}

// untilReady asks until an authd is ready to serve, as often as a start needs to be timed.
func untilReady(ctx context.Context, address string, long time.Duration) error {
	request, began := get("/readyz"), time.Now()
	for {
		_, err := once(address, 200, request)
		if err == nil {
			return nil
		}
		if waited := time.Since(began); waited >= long {
			return fmt.Errorf("it is not ready after %v: %w", waited.Round(time.Millisecond), err)
		}
		if err := pause(ctx, max(500*time.Microsecond, time.Since(began)/100)); err != nil { // each refusal is a line in its log
			return err
		}
	}
}

// freeAddress is one at which nobody listens now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// count writes a number of sessions as people say it.
func count(n int) string {
	switch {
	case n >= 1_000_000 && n%1_000_000 == 0:
		return fmt.Sprintf("%d M", n/1_000_000)
	case n >= 1000 && n%1000 == 0:
		return fmt.Sprintf("%d k", n/1000)
	}
	return fmt.Sprint(n)
}

//go:build unix

package main

import (
	"context"
	"slices"
	"time"
)

// crowd is what many held polls on one instance cost.
type crowd struct {
	alone, watched float64         // transactions a second in the database, without and with the pollers
	pages          []int           // for each logout, how many pages were signed to tell everybody
	told           []time.Duration // for each logout, how long after its answer the last poller knew
}

const (
	countTransactions = `
select xact_commit + xact_rollback
  from pg_stat_database
 where datname = current_database()`

	crowdLogouts = 10
)

// holdPolls watches the database without pollers, and with them while nothing happens; then it logs
// sessions out while all of them wait.
func (w *world) holdPolls(ctx context.Context, count int, window time.Duration) (c crowd, err error) {
	sessions, err := w.signIn(ctx, "crowd", crowdLogouts)
	if err != nil {
		return c, err
	}
	if c.alone, err = w.transactions(ctx, window); err != nil {
		return c, err
	}
	p := newPollers(w.instances[0].url, count)
	defer p.client.CloseIdleConnections()
	for n, s := range sessions {
		if err := p.ask(ctx); err != nil {
			return c, err
		}
		if n == 0 {
			if c.watched, err = w.transactions(ctx, window); err != nil {
				return c, p.giveUp(err)
			}
		}
		if err := w.logOut(ctx, w.instances[0], s); err != nil {
			return c, p.giveUp(err)
		}
		zero := time.Now()
		pages, last, err := p.answers()
		if err != nil {
			return c, err
		}
		c.pages, c.told = append(c.pages, pages), append(c.told, last.Sub(zero))
	}
	slices.Sort(c.told)
	return c, nil
}

// transactions counts what the database does for a while, in a second.
func (w *world) transactions(ctx context.Context, window time.Duration) (float64, error) {
	var before, after int64
	if err := w.conn.QueryRow(ctx, countTransactions).Scan(&before); err != nil {
		return 0, err
	}
	began := time.Now()
	select {
	case <-time.After(window):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if err := w.conn.QueryRow(ctx, countTransactions).Scan(&after); err != nil {
		return 0, err
	}
	return float64(after-before) / time.Since(began).Seconds(), nil
}

//go:build linux

package main

import (
	"context"
	"time"

	"github.com/authd/authd/e2e/bench/report"
)

// contest is loads that take turns, round by round.
type contest struct {
	loads []*load
	long  []time.Duration // of each one's turn
	turns map[string][]turn
}

func (c *contest) add(l *load, long time.Duration) {
	c.loads, c.long = append(c.loads, l), append(c.long, long)
}

// run begins every round with another load, so that nobody is always the one who comes after the yardstick.
func (w *world) run(ctx context.Context, c *contest, rounds int, said func(round int)) error {
	c.turns = map[string][]turn{}
	for round := range rounds {
		said(round)
		for i := range c.loads {
			at := (i + round) % len(c.loads)
			t, err := w.take(ctx, c.loads[at], c.long[at])
			if err != nil {
				return err
			}
			c.turns[c.loads[at].id] = append(c.turns[c.loads[at].id], t)
		}
	}
	return nil
}

// spread is what the turns of a load say of one amount.
func (c *contest) spread(id string, amount func(*turn) float64) report.Spread {
	var all []float64
	for i := range c.turns[id] {
		all = append(all, amount(&c.turns[id][i]))
	}
	return report.Of(all)
}

// ratio is what a load did in each round, as a share of what the yardstick did in the same one.
func (c *contest) ratio(id, yardstick string) report.Spread {
	var all []float64
	for i := range c.turns[id] {
		all = append(all, c.turns[id][i].perSecond()/c.turns[yardstick][i].perSecond())
	}
	return report.Of(all)
}

// tell puts the loads into the report, with the messages per request that were counted of some of them.
func (c *contest) tell(r *report.Report, messages map[string]float64) {
	for _, l := range c.loads {
		told := report.Load{
			ID: l.id, What: l.what, Clients: l.clients * max(l.size, 1),
			PerSecond: c.spread(l.id, (*turn).perSecond),
			P50:       c.spread(l.id, func(t *turn) float64 { return t.quantile(0.50) }),
			P99:       c.spread(l.id, func(t *turn) float64 { return t.quantile(0.99) }),
			Service:   c.spread(l.id, func(t *turn) float64 { return t.cost(t.cpu.service) }),
			Postgres:  c.spread(l.id, func(t *turn) float64 { return t.cost(t.cpu.postgres) }),
			Generator: c.spread(l.id, func(t *turn) float64 { return t.cost(t.cpu.generator) }),
			WAL:       c.spread(l.id, func(t *turn) float64 { return t.each(float64(t.cpu.wal)) }),
		}
		if n, counted := messages[l.id]; counted {
			told.Messages = report.Of([]float64{n})
		}
		for i := range c.turns[l.id] {
			told.Requests += c.turns[l.id][i].requests
		}
		r.Loads = append(r.Loads, told)
	}
}

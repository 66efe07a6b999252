//go:build linux

package main

import (
	"context"
	"slices"
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

// run lets every load have one turn in each round.
func (w *world) run(ctx context.Context, c *contest, rounds int, said func(round int)) error {
	c.turns = map[string][]turn{}
	for round := range rounds {
		said(round)
		for _, at := range order(len(c.loads), round) {
			t, err := w.take(ctx, c.loads[at], c.long[at])
			if err != nil {
				return err
			}
			c.turns[c.loads[at].id] = append(c.turns[c.loads[at].id], t)
		}
	}
	return nil
}

// order is in which sequence n loads take their turns in a round. A turn leaves something to the next one: pages to
// write, what is cached, a vacuum that was. So neighbours change: in 2n rounds each load comes twice right behind each
// other one, and as often at each place, which is a Williams square. It goes to and fro between both ends, moves on by one
// every other round, and walks backwards in between.
func order(n, round int) []int {
	all := make([]int, n)
	for i := range all {
		at := (i + 1) / 2
		if i%2 == 0 {
			at = n - at // 0, 1, n-1, 2, n-2 and so on
		}
		all[i] = (at + round/2) % n
	}
	if round%2 == 1 {
		slices.Reverse(all)
	}
	return all
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

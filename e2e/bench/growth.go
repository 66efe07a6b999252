//go:build linux

package main

import (
	"context"

	"github.com/authd/authd/e2e/bench/report"
)

// growing looks at what a refresh costs while the store grows.
func (b *bench) growing(ctx context.Context) error {
	rate := report.Chart{ID: "sessions", Title: "Refreshes as the store grows", X: "sessions stored", Y: "requests a second", LogX: true}
	cost := report.Chart{ID: "sessions-cost", Title: "What a refresh costs as the store grows", X: "sessions stored", Y: "CPU, ms a request", LogX: true}
	rates := make([]report.Series, 2)
	costs := []report.Series{{Name: "authd"}, {Name: "PostgreSQL"}}
	for _, n := range b.plan.growth {
		if err := b.fill(ctx, n); err != nil {
			return err
		}
		b.say("%d sessions", n)
		for i, l := range []*load{
			b.es256.refreshes("refresh", "POST /refresh", many),
			b.yardstick.load("one", "one statement through pgx", many),
		} {
			t, err := b.take(ctx, l, b.plan.turn)
			if err != nil {
				return err
			}
			rates[i].Name = l.what
			rates[i].Points = append(rates[i].Points, report.Point{X: float64(n), Y: t.perSecond()})
			if i == 0 {
				costs[0].Points = append(costs[0].Points, report.Point{X: float64(n), Y: t.cost(t.cpu.service)})
				costs[1].Points = append(costs[1].Points, report.Point{X: float64(n), Y: t.cost(t.cpu.postgres)})
			}
		}
	}
	rate.Series, cost.Series = rates, costs
	b.found.Charts = append(b.found.Charts, rate, cost)
	return nil
}

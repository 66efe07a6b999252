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
	log := report.Chart{ID: "sessions-wal", Title: "What a refresh logs as the store grows", X: "sessions stored", Y: "WAL, bytes a request", LogX: true}
	rates, logs := make([]report.Series, 2), make([]report.Series, 2)
	costs := []report.Series{{Name: "authd"}, {Name: "PostgreSQL"}}
	for _, n := range b.plan.growth {
		if err := b.fill(ctx, n); err != nil {
			return err
		}
		b.say("%d sessions", n)
		for i, l := range []*load{
			b.es256.refreshes("refresh", "POST /refresh", many),
			b.yardstick.load("one", "one statement", many),
		} {
			t, err := b.take(ctx, l, b.plan.turn)
			if err != nil {
				return err
			}
			rates[i].Name = l.what
			rates[i].Points = append(rates[i].Points, report.Point{X: float64(n), Y: t.perSecond()})
			logs[i].Name = l.what
			logs[i].Points = append(logs[i].Points, report.Point{X: float64(n), Y: t.each(float64(t.cpu.wal))})
			if i == 0 {
				costs[0].Points = append(costs[0].Points, report.Point{X: float64(n), Y: t.cost(t.cpu.service)})
				costs[1].Points = append(costs[1].Points, report.Point{X: float64(n), Y: t.cost(t.cpu.postgres)})
			}
		}
	}
	rate.Series, cost.Series, log.Series = rates, costs, logs
	b.found.Charts = append(b.found.Charts, rate, cost, log)
	return nil
}

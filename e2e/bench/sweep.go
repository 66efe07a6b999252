//go:build linux

package main

import (
	"context"

	"github.com/authd/authd/e2e/bench/report"
)

// crowds are the numbers of clients that are tried.
var crowds = []int{1, 4, 16, 64, 256}

// sweeps tries the loads that write with few and with many clients.
func (b *bench) sweeps(ctx context.Context) error {
	if err := b.stockUp(ctx); err != nil {
		return err
	}
	rate := report.Chart{ID: "throughput", Title: "Throughput", X: "clients", Y: "requests a second", LogX: true, LogY: true}
	tail := report.Chart{ID: "p99", Title: "Time to the answer, p99", X: "clients", Y: "ms", LogX: true, LogY: true}
	for _, of := range []func(clients int) *load{
		func(n int) *load { return b.es256.refreshes("", "refresh, ES256", n) },
		func(n int) *load { return b.eddsa.refreshes("", "refresh, EdDSA", n) },
		func(n int) *load { return b.onSQLite.refreshes("", "refresh, SQLite", n) },
		func(n int) *load { return b.es256.logouts("", "logout", n) },
		func(n int) *load { return b.yardstick.load("", "one statement", n) },
	} {
		rates, tails := report.Series{}, report.Series{}
		for _, n := range crowds {
			l := of(n)
			t, err := b.take(ctx, l, b.plan.sweep)
			if err != nil {
				return err
			}
			rates.Name, tails.Name = l.what, l.what
			rates.Points = append(rates.Points, report.Point{X: float64(n), Y: t.perSecond()})
			tails.Points = append(tails.Points, report.Point{X: float64(n), Y: t.quantile(0.99)})
		}
		rate.Series, tail.Series = append(rate.Series, rates), append(tail.Series, tails)
	}
	b.found.Charts = append(b.found.Charts, rate, tail)
	return nil
}

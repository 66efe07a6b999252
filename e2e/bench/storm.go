//go:build linux

package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/authd/authd/e2e/bench/report"
)

const (
	refreshers = 8
	pace       = 100 * time.Millisecond // between two refreshes of one of them
)

// storms measures refreshes of a few clients before, during and after sixteen others sign in as fast as they can, and
// how fast those can then. The yardstick is measured between the storms.
func (b *bench) storms(ctx context.Context) error {
	if err := b.stockUp(ctx); err != nil {
		return err
	}
	var p99, share []float64
	var seen []sample
	for n := range b.plan.storms {
		b.say("storm %d of %d", n+1, b.plan.storms)
		most, err := b.take(ctx, ceiling(cores()), b.plan.slow)
		if err != nil {
			return err
		}
		s, err := b.storm(ctx)
		if err != nil {
			return err
		}
		p99 = append(p99, s.p99().Seconds()*1e3)
		share = append(share, s.logins.perSecond()/most.perSecond())
		seen = s.refreshes
	}
	b.found.Rows = append(b.found.Rows,
		atMost("storm-p99", "refresh p99 while 16 logins saturate the cores", "ms", 25, "500-1600", report.Of(p99)),
		atLeast("storm-logins", "logins meanwhile / bcrypt ceiling", 0.93, "", report.Of(share)))
	b.found.Charts = append(b.found.Charts, b.stormChart(seen))
	return nil
}

// sample is one refresh.
type sample struct{ at, took time.Duration } // at: since the storm's first second

// storm is what was seen of one.
type storm struct {
	calm      time.Duration // how long each of its three parts was
	refreshes []sample
	logins    turn
}

// storm lets the refreshers go on throughout and the logins come in the middle.
func (b *bench) storm(ctx context.Context) (s storm, err error) {
	s.calm = b.plan.storm
	began := time.Now()
	end := began.Add(3 * s.calm)
	var (
		group  sync.WaitGroup
		own    = make([][]sample, refreshers)
		failed = make([]error, refreshers+1)
	)
	load := b.es256.refreshes("", "refreshes of a storm", refreshers)
	working, over := context.WithTimeout(ctx, 3*s.calm+patience)
	defer over()
	for n := range refreshers {
		act, leave, err := load.open(working, n)
		if err != nil {
			return s, err
		}
		defer leave()
		group.Go(func() {
			if own[n], failed[n] = paced(ctx, act, began, end); failed[n] != nil {
				failed[n] = load.blame(failed[n])
			}
		})
	}
	group.Go(func() {
		if failed[refreshers] = pause(ctx, s.calm); failed[refreshers] == nil {
			s.logins, failed[refreshers] = b.take(ctx, b.es256.logins("", "", few), s.calm)
		}
	})
	group.Wait()
	if ctx.Err() != nil {
		return s, ctx.Err() // once, and not of everybody
	}
	s.refreshes = slices.Concat(own...)
	slices.SortFunc(s.refreshes, func(a, b sample) int { return int(a.at - b.at) })
	return s, errors.Join(failed...)
}

// paced acts at a steady pace, which starts at a random moment, whatever the answers take.
func paced(ctx context.Context, act func(context.Context) error, began, end time.Time) (all []sample, err error) {
	if err := pause(ctx, rand.N(pace)); err != nil {
		return nil, err
	}
	ticks := time.NewTicker(pace)
	defer ticks.Stop()
	for now := time.Now(); now.Before(end); {
		if err := act(ctx); err != nil {
			return nil, err
		}
		all = append(all, sample{now.Sub(began), time.Since(now)})
		select {
		case now = <-ticks.C: // what should have been asked while the last answer was late counts as late
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return all, nil
}

// p99 of what was asked while the logins came.
func (s *storm) p99() time.Duration {
	var during []time.Duration
	for _, r := range s.refreshes {
		if r.at >= s.calm && r.at < 2*s.calm {
			during = append(during, r.took)
		}
	}
	slices.Sort(during)
	if len(during) == 0 {
		return 0
	}
	return during[int(0.99*float64(len(during)))]
}

// stormChart shows the last storm, in slices of time.
func (b *bench) stormChart(seen []sample) report.Chart {
	const slicesOfStorm = 60
	slice := 3 * b.plan.storm / slicesOfStorm
	median, worst := report.Series{Name: "median"}, report.Series{Name: "slowest"}
	for n := range time.Duration(slicesOfStorm) {
		var in []float64
		for _, r := range seen {
			if r.at/slice == n {
				in = append(in, r.took.Seconds()*1e3)
			}
		}
		if len(in) == 0 {
			continue
		}
		at := (float64(n) + 0.5) * slice.Seconds()
		median.Points = append(median.Points, report.Point{X: at, Y: report.Of(in).Median})
		worst.Points = append(worst.Points, report.Point{X: at, Y: slices.Max(in)})
	}
	return report.Chart{ID: "storm", Title: "A refresh before, during and after a login storm", X: "seconds", Y: "ms", LogY: true,
		Series: []report.Series{median, worst},
		Bands:  []report.Band{{Name: "16 logins at once", From: b.plan.storm.Seconds(), To: 2 * b.plan.storm.Seconds()}}}
}

func pause(ctx context.Context, long time.Duration) error {
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

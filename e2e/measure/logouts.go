//go:build unix

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"time"
)

// The goals. A machine of two cores that has other things to do should meet them too.
const (
	goalMedian = 50 * time.Millisecond
	goalP99    = time.Second
)

// logouts measures how late a logout is obeyed, and what it costs to tell many.
type logouts struct {
	count   int
	pollers int
	window  time.Duration // for which the database is watched, with and without pollers
}

func (l *logouts) flags(set *flag.FlagSet) {
	set.IntVar(&l.count, "logouts", 1000, "how many logouts to time")
	set.IntVar(&l.pollers, "pollers", 2000, "how many polls to hold at once")
	set.DurationVar(&l.window, "window", 10*time.Second, "for how long to watch the database")
}

// settings: the defaults, twice.
func (l *logouts) settings() [][]string { return make([][]string, 2) }

func (l *logouts) run(ctx context.Context, w *world) (text string, err error) {
	r := report{machine: w.machine(ctx), plan: *l}
	if r.delays, err = w.timeLogouts(ctx, l.count); err != nil {
		return "", err
	}
	if r.crowd, err = w.holdPolls(ctx, l.pollers, l.window); err != nil {
		return "", err
	}
	return r.String(), r.missed()
}

// report is what was measured, and where.
type report struct {
	machine
	plan logouts
	delays
	crowd
}

// String is a page of docs/.
func (r report) String() string {
	var p sheet
	say := p.say
	say("# Logouts, measured")
	say("")
	say("Written by `make measure-logout` on %s, which anybody can repeat. Two instances of authd with their", today())
	say("default settings but for the cost of passwords, one PostgreSQL that flushes each commit, three verifiers, all on")
	say("one machine.")
	p.sayMachine(r.machine)
	say("")
	say("## From the answer to a logout until its token is refused")
	say("")
	say("%d logouts, one after the other at random moments, at the two instances in turn. Each verifier was asked", len(r.everywhere))
	say("again and again, every %v, whether it still accepts an access token of the session.", look)
	say("")
	say("| in ms | p50 | p90 | p99 | max |")
	say("|---|---|---|---|---|")
	for _, row := range []struct {
		name string
		all  []time.Duration
	}{
		{"at **every** verifier", r.everywhere},
		{"at a verifier that follows the same instance", r.same},
		{"at a verifier that follows the other instance", r.other},
	} {
		say("| %s | %s | %s | %s | %s |", row.name, ms(at(row.all, 50)), ms(at(row.all, 90)), ms(at(row.all, 99)), ms(at(row.all, 100)))
	}
	say("")
	say("The goals are a p50 of %v and a p99 of %v at every verifier.", goalMedian, goalP99)
	say("")
	say("## What followers cost")
	say("")
	say("%d polls held on one of the instances.", r.plan.pollers)
	say("")
	say("| | |")
	say("|---|---|")
	say("| transactions in the database, without pollers | %.1f a second |", r.alone)
	say("| transactions in the database, with %d of them | %.1f a second |", r.plan.pollers, r.watched)
	say("| pages signed to tell all of them of one logout | %d at most, in %d logouts |", slices.Max(r.pages), len(r.pages))
	say("| from the answer until the last of them had its page | p50 %s ms, max %s ms |", ms(at(r.told, 50)), ms(at(r.told, 100)))
	return p.String()
}

// missed returns the goals that were not met.
func (r report) missed() (err error) {
	if got := at(r.everywhere, 50); got > goalMedian {
		err = errors.Join(err, fmt.Errorf("p50 is %v, the goal is %v", got, goalMedian))
	}
	if got := at(r.everywhere, 99); got > goalP99 {
		err = errors.Join(err, fmt.Errorf("p99 is %v, the goal is %v", got, goalP99))
	}
	// A tenth is what the machine's other business makes. One statement for each poll would be a multiple.
	if r.watched > 1.1*r.alone+2 {
		err = errors.Join(err, fmt.Errorf("the database does %.1f transactions a second for %d pollers, and %.1f without", r.watched, r.plan.pollers, r.alone))
	}
	if got := slices.Max(r.pages); got > 2 {
		err = errors.Join(err, fmt.Errorf("%d pages were signed for one logout", got))
	}
	return err
}

//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report is what was measured, and where.
type report struct {
	machine
	plan
	delays
	crowd
}

// machine is what numbers depend on.
type machine struct {
	cpu, system, postgres, authd string
}

func (w *world) machine(ctx context.Context) (m machine) {
	m.system = fmt.Sprintf("%s/%s, %d CPUs, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	m.cpu = "of unknown make"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				m.cpu = strings.TrimSpace(value)
				break
			}
		}
	}
	if err := w.conn.QueryRow(ctx, "show server_version").Scan(&m.postgres); err != nil {
		m.postgres = "of unknown version"
	}
	m.authd = "of unknown commit"
	if out, err := exec.CommandContext(ctx, "git", "rev-parse", "--short=12", "HEAD").Output(); err == nil {
		m.authd = strings.TrimSpace(string(out))
	}
	return m
}

// String is a page of docs/.
func (r report) String() string {
	var b bytes.Buffer
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("# Logouts, measured")
	say("")
	say("Written by `make measure-logout` on %s, which anybody can repeat. Two instances of authd with their", time.Now().UTC().Format(time.DateOnly))
	say("default settings but for the cost of passwords, one PostgreSQL that flushes each commit, three verifiers, all on")
	say("one machine.")
	say("")
	say("| | |")
	say("|---|---|")
	say("| machine | %s; %s |", r.cpu, r.system)
	say("| PostgreSQL | %s |", r.postgres)
	say("| authd | %s |", r.authd)
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
	say("%d polls held on one of the instances.", r.pollers)
	say("")
	say("| | |")
	say("|---|---|")
	say("| transactions in the database, without pollers | %.1f a second |", r.alone)
	say("| transactions in the database, with %d of them | %.1f a second |", r.pollers, r.watched)
	say("| pages signed to tell all of them of one logout | %d at most, in %d logouts |", slices.Max(r.pages), len(r.pages))
	say("| from the answer until the last of them had its page | p50 %s ms, max %s ms |", ms(at(r.told, 50)), ms(at(r.told, 100)))
	return b.String()
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
		err = errors.Join(err, fmt.Errorf("the database does %.1f transactions a second for %d pollers, and %.1f without", r.watched, r.pollers, r.alone))
	}
	if got := slices.Max(r.pages); got > 2 {
		err = errors.Join(err, fmt.Errorf("%d pages were signed for one logout", got))
	}
	return err
}

// at is the least value that so many percent do not exceed.
func at(sorted []time.Duration, percent int) time.Duration {
	return sorted[max(0, (len(sorted)*percent+99)/100-1)]
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond)) }

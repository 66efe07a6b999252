//go:build unix

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// The goals. A machine of two cores that has other things to do should meet them too.
const (
	goalMedian = 50 * time.Millisecond
	goalP99    = time.Second
)

// plan is how much is measured.
type plan struct {
	logouts int
	pollers int
	window  time.Duration // for which the database is watched, with and without pollers
	file    string        // where the report goes, besides standard output
}

func main() {
	var p plan
	flag.IntVar(&p.logouts, "logouts", 1000, "how many logouts to time")
	flag.IntVar(&p.pollers, "pollers", 2000, "how many polls to hold at once")
	flag.DurationVar(&p.window, "window", 10*time.Second, "for how long to watch the database")
	flag.StringVar(&p.file, "o", "", "write the report to this file too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := measure(ctx, p, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, p plan, out io.Writer) (err error) {
	w, err := newWorld(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	r := report{machine: w.machine(ctx), plan: p}
	if r.delays, err = w.timeLogouts(ctx, p.logouts); err != nil {
		return err
	}
	if r.crowd, err = w.holdPolls(ctx, p.pollers, p.window); err != nil {
		return err
	}
	text := r.String()
	fmt.Fprint(out, text)
	if p.file != "" {
		if err := os.WriteFile(p.file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return r.missed()
}

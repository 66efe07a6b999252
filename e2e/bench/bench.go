//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/authd/authd/e2e/bench/report"
)

// bench is a run: what it measures with, and what it found.
type bench struct {
	*world
	plan     plan
	progress io.Writer
	found    *report.Report

	es256, eddsa, onSQLite, alone *stock // alone: rotations in the store alone
	yardstick, small              *oneStatement
	chi                           *instance
}

// component is one of the things that are measured.
type component struct {
	name string
	run  func(*bench, context.Context) error
}

// components stand in the order in which they run. The first three leave the stores as they found them, but fuller.
var components = []component{
	{"growth", (*bench).growing},
	{"loads", (*bench).rounds},
	{"storm", (*bench).storms},
	{"clients", (*bench).sweeps},
	{"obeyed", (*bench).obeyed},
	{"start", (*bench).starts},
	{"kills", (*bench).kills},
}

func partNames() string {
	names := make([]string, len(components))
	for i, c := range components {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

// chosen are the components of a list; all, if it is empty.
func chosen(list string) (parts []component, err error) {
	if list == "" {
		return components, nil
	}
	for name := range strings.SplitSeq(list, ",") {
		at := slices.IndexFunc(components, func(c component) bool { return c.name == name })
		if at < 0 {
			return nil, fmt.Errorf("there is no part %q; there are %s", name, partNames())
		}
		parts = append(parts, components[at])
	}
	return parts, nil
}

func measure(ctx context.Context, p plan, parts []component, progress io.Writer) (r *report.Report, err error) {
	began := time.Now()
	b := &bench{plan: p, progress: progress}
	if b.world, err = newWorld(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	b.found = &report.Report{At: began.UTC(), Kind: p.kind, Rounds: p.rounds}
	if b.found.Machine, err = b.machine(ctx); err != nil {
		return nil, err
	}
	if err := b.prepare(ctx); err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	for _, c := range parts {
		b.say("%s", c.name)
		if err := c.run(b, ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	b.found.Took = time.Since(began).Seconds()
	return b.found, nil
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.progress, "%s "+format+"\n", append([]any{time.Now().Format(time.TimeOnly)}, args...)...)
}

// prepare fills the stores up to the first size at which the cost of a refresh is looked at.
func (b *bench) prepare(ctx context.Context) (err error) {
	for _, s := range []struct {
		into **stock
		name string
		more []string
	}{
		{&b.es256, "es256", nil},
		{&b.eddsa, "eddsa", []string{"AUTHD_SIGNING_ALG=EdDSA"}},
		{&b.alone, "alone", nil},
	} {
		url, err := b.schema(ctx, s.name)
		if err != nil {
			return err
		}
		if *s.into, err = b.openStock(ctx, append(onPostgres(url), s.more...), openPostgres(url)); err != nil {
			return err
		}
	}
	folder := b.folder + "/sqlite"
	if b.onSQLite, err = b.openStock(ctx, onSQLite(folder), openSQLite(folder)); err != nil {
		return err
	}
	if b.yardstick, err = b.openOneStatement(ctx, "yardstick"); err != nil {
		return err
	}
	if b.es256.instance, err = b.serve(ctx, b.es256.settings...); err != nil {
		return err
	}
	if b.chi, err = b.bare(ctx, b.es256.instance); err != nil {
		return err
	}
	return b.fill(ctx, b.plan.growth[0])
}

// fill brings what is refreshed, and the yardstick, to n sessions.
func (b *bench) fill(ctx context.Context, n int) error {
	if err := b.es256.grow(ctx, n); err != nil {
		return err
	}
	return b.yardstick.grow(ctx, n)
}

func (b *bench) close() error {
	var err error
	for _, s := range []*stock{b.es256, b.eddsa, b.alone, b.onSQLite} {
		err = errors.Join(err, s.close())
	}
	for _, o := range []*oneStatement{b.yardstick, b.small} {
		if o != nil {
			o.pool.Close()
		}
	}
	return errors.Join(err, b.world.close())
}

func cores() int { return runtime.GOMAXPROCS(0) }

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
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "hostile:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	seed      uint64
	count     int
	file      string
	only      int64
	store     string
	throttled bool
}

func parse(args []string) (o options, err error) {
	set := flag.NewFlagSet("hostile", flag.ContinueOnError)
	set.Uint64Var(&o.seed, "seed", 1, "of all chances")
	set.IntVar(&o.count, "n", 1_000_000, "how many requests")
	set.StringVar(&o.file, "o", "", "write the report to this file too")
	set.Int64Var(&o.only, "only", -1, "send the request of this number and no other, with -store and -throttled")
	set.StringVar(&o.store, "store", "", "sqlite or postgres; both, with and without throttles, if empty")
	set.BoolVar(&o.throttled, "throttled", false, "with -store: leave the throttles as they are by default")
	if err := set.Parse(args); err != nil {
		return o, err
	}
	if o.only >= 0 && o.store == "" || o.count < 4 || set.NArg() > 0 || !strings.Contains(" sqlite postgres ", " "+o.store+" ") && o.store != "" {
		return o, errors.New("these flags do not go together; see -h")
	}
	return o, nil
}

// plans share the requests out. A fifth comes to throttles as they are by default, where most guesses end early.
func (o options) plans() []plan {
	const insiders = 12
	if o.only >= 0 {
		return []plan{{store: o.store, throttled: o.throttled, requests: 1, first: uint64(o.only), insiders: insiders, shown: true}}
	}
	if o.store != "" {
		return []plan{{store: o.store, throttled: o.throttled, requests: o.count, insiders: insiders}}
	}
	all := []plan{{store: "sqlite", requests: o.count * 4 / 10}, {store: "postgres", requests: o.count * 4 / 10},
		{store: "sqlite", throttled: true, requests: o.count / 10}, {store: "postgres", throttled: true}}
	first := 0
	for i := range all {
		if i == len(all)-1 {
			all[i].requests = o.count - first
		}
		all[i].first, all[i].insiders = uint64(first), insiders
		first += all[i].requests
	}
	return all
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	c, err := readContract("../openapi.yaml")
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "authd-hostile-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	program, err := build(ctx, "..", folder)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "seed %d, %d operations\n", o.seed, len(c.operations))
	var all []*result
	for _, plan := range o.plans() {
		r, err := carryOut(ctx, plan, c, o.seed, program, out)
		if r != nil {
			all = append(all, r)
			if err == nil && len(r.faults) > 0 {
				err = fmt.Errorf("%v: %d faults, with seed %d", plan, len(r.faults), o.seed)
			}
		}
		if err != nil {
			return err
		}
	}
	if o.only >= 0 {
		return nil // there is nothing to tell that the request and its answer do not
	}
	text := page(o.seed, c, all, machineOf(ctx))
	fmt.Fprint(out, text)
	if o.file != "" {
		return os.WriteFile(o.file, []byte(text), 0o644)
	}
	return nil
}

// carryOut runs one plan.
func carryOut(ctx context.Context, plan plan, c *contract, seed uint64, program string, out io.Writer) (r *result, err error) {
	p := &part{plan: plan, oracle: &oracle{c.doc}, out: out, result: newResult(plan),
		make: &generator{seed: seed, contract: c, reaching: 2}}
	if plan.throttled {
		p.make.reaching = 10 // most of them are not let through to the work
	}
	defer func() { err = errors.Join(err, p.end()) }()
	if err := p.begin(ctx, program); err != nil {
		return nil, err
	}
	defer p.tell()
	return p.result, p.attack(ctx)
}

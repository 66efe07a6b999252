package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"syscall"
	"time"
)

// leastShare is the least time that is worth giving to one target: below it, the time goes into running
// what was found before.
const leastShare = time.Second

// plan is what was asked for.
type plan struct {
	total    time.Duration // of all targets together
	parallel int           // workers of one target. Targets run one after another
	only     *regexp.Regexp
	page     string // the page whose results are written; empty: none
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p, err := parseFlags(os.Args[1:], os.Stderr)
	if err == nil {
		err = p.run(ctx, os.Stdout)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		stop()
		os.Exit(1)
	}
}

func parseFlags(args []string, help io.Writer) (p plan, err error) {
	flags := flag.NewFlagSet("fuzz", flag.ContinueOnError)
	flags.SetOutput(help)
	flags.DurationVar(&p.total, "time", 5*time.Minute, "time for all targets together, in equal shares")
	flags.IntVar(&p.parallel, "parallel", runtime.NumCPU(), "workers of a target")
	flags.StringVar(&p.page, "o", "", "page whose results to write, such as docs/fuzzing.md")
	only := flags.String("run", "", "run only the targets whose names match")
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	if flags.NArg() > 0 || p.total <= 0 || p.parallel < 1 {
		return p, errors.New("want a time and a number of workers above zero, and no further arguments")
	}
	p.only, err = regexp.Compile(*only)
	return p, err
}

func (p *plan) run(ctx context.Context, out io.Writer) error {
	modules, err := findModules(ctx)
	if err != nil {
		return err
	}
	targets, err := findTargets(ctx, modules)
	if err != nil {
		return err
	}
	targets, share, err := p.divide(targets)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d targets, %v each, %d workers\n", len(targets), share.Round(time.Second), p.parallel)
	r := &runner{share: share, parallel: p.parallel, out: out}
	results, err := r.all(ctx, targets)
	summary := summarise(results)
	summary.print(out)
	if err == nil && p.page != "" {
		err = writePage(p.page, p, results)
	}
	return errors.Join(err, summary.err())
}

// divide returns the targets that were asked for, and what each has of the time.
func (p *plan) divide(all []target) (chosen []target, share time.Duration, err error) {
	for _, t := range all {
		if p.only.MatchString(t.name) {
			chosen = append(chosen, t)
		}
	}
	if len(chosen) == 0 {
		return nil, 0, errors.New("no target has such a name")
	}
	share = p.total / time.Duration(len(chosen))
	if share < leastShare {
		return nil, 0, fmt.Errorf("%v is too little for %d targets: give each a second at least", p.total, len(chosen))
	}
	return chosen, share, nil
}

//go:build unix

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// measurement is one of the things that this program measures: its flags, and what it does with a world
// of its own. The text is a page of docs/; the error, besides failures, names each goal that was missed.
type measurement interface {
	flags(*flag.FlagSet)
	settings() [][]string // of each instance, besides what all have
	run(context.Context, *world) (text string, err error)
}

var measurements = map[string]measurement{"logouts": &logouts{}, "rotation": &rotation{}}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	names := slices.Sorted(maps.Keys(measurements))
	if len(args) == 0 || measurements[args[0]] == nil {
		return fmt.Errorf("say what to measure: %s", strings.Join(names, " or "))
	}
	m := measurements[args[0]]
	set := flag.NewFlagSet(args[0], flag.ContinueOnError)
	file := set.String("o", "", "write the report to this file too")
	m.flags(set)
	if err := set.Parse(args[1:]); err != nil {
		return err
	}
	return measure(ctx, m, out, *file)
}

func measure(ctx context.Context, m measurement, out io.Writer, file string) (err error) {
	w, err := newWorld(ctx, m.settings())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	text, err := m.run(ctx, w)
	fmt.Fprint(out, text)
	if text != "" && file != "" {
		err = errors.Join(err, os.WriteFile(file, []byte(text), 0o644))
	}
	return err
}

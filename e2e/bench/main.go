//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/authd/authd/e2e/bench/report"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == bareChi {
		serveBareChi()
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	long := set.Bool("long", false, "measure for some fifty minutes instead of three")
	asJSON := set.Bool("json", false, "print the report as JSON")
	folder := set.String("o", "", "write performance.json, performance.md and the plots into this folder")
	only := set.String("only", "", "measure only these parts, by commas: "+partNames())
	if err := parse(set, args, out); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if set.NArg() > 0 {
		return fmt.Errorf("what is %q?", set.Arg(0))
	}
	p := short
	if *long {
		p = thorough
	}
	parts, err := chosen(*only)
	if err != nil {
		return err
	}
	if *folder != "" && *only != "" {
		return errors.New("-only leaves gaps in the pages that -o writes: choose one of them")
	}
	if err := errors.Join(atHome(), writable(*folder)); err != nil {
		return err
	}
	r, err := measure(ctx, p, parts, progress)
	if err != nil {
		return err
	}
	if *asJSON {
		err = r.Write(out)
	} else {
		_, err = io.WriteString(out, report.Text(r))
	}
	if *folder != "" {
		err = errors.Join(err, publish(r, *folder))
	}
	return err
}

// parse reads flags and prints what they are for when asked. A fault is for the caller to print, who would be the
// second to do so.
func parse(set *flag.FlagSet, args []string, help io.Writer) error {
	set.SetOutput(io.Discard)
	err := set.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		set.SetOutput(help)
		set.Usage()
	}
	return err
}

// atHome refuses any folder but the one from which authd's source is found.
func atHome() error {
	if _, err := os.Stat(filepath.Join(source, "cmd", "authd")); err != nil {
		return fmt.Errorf("run it in the folder e2e of authd, as go -C e2e run ./bench does: %w", err)
	}
	return nil
}

// writable refuses a folder that cannot be written into: better now than when an hour of measuring is lost. None is fine.
func writable(folder string) error {
	if folder == "" {
		return nil
	}
	probe, err := os.CreateTemp(folder, ".bench-*")
	if err != nil {
		return fmt.Errorf("-o: %w", err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// publish writes the page, its plots and what other programs read.
func publish(r *report.Report, folder string) error {
	files, err := report.Files(r)
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

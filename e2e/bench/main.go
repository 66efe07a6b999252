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
	if err := set.Parse(args); err != nil {
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

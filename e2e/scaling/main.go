package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/authd/authd/e2e/bench/report"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "scaling:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	set := flag.NewFlagSet("scaling", flag.ContinueOnError)
	in := set.String("i", "../docs/performance.json", "the report of the benchmark")
	file := set.String("o", "", "write the page into this file instead of printing it")
	set.SetOutput(io.Discard) // main prints what is wrong
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		set.SetOutput(out)
		set.Usage()
		return nil
	} else if err != nil {
		return err
	}
	if set.NArg() > 0 {
		return fmt.Errorf("what is %q?", set.Arg(0))
	}
	page, err := compute(*in)
	switch {
	case err != nil:
		return err
	case *file == "":
		_, err = io.WriteString(out, page)
		return err
	default:
		return os.WriteFile(*file, []byte(page), 0o644)
	}
}

// compute is the page for the report in a file.
func compute(file string) (_ string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r, err := report.Read(f)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	c, err := costsOf(r)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	return page(r, c), nil
}

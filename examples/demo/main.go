package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	_, plain := os.LookupEnv("NO_COLOR")
	s := &screen{out: os.Stdout, colours: term.IsTerminal(int(os.Stdout.Fd())) && !plain && os.Getenv("TERM") != "dumb"}
	if err := run(ctx, s); err != nil {
		fmt.Fprintf(os.Stderr, "\ndemo: %v\n", err)
		os.Exit(1)
	}
}

// run builds and starts both programs, tells the story, and cleans up whatever happened.
func run(ctx context.Context, s *screen) (err error) {
	root, err := findRoot()
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "authd-demo-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	st := &stage{screen: s, root: root, folder: folder}
	defer func() { err = errors.Join(err, st.stop()) }()
	if err := st.start(ctx); err != nil {
		return err
	}
	for _, act := range []func(context.Context) error{
		st.offline, st.logOut, st.everywhere, st.disable, st.outage,
	} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	st.end()
	return nil
}

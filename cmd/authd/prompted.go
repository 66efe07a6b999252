package main

import (
	"context"
	"io"
	"os"

	"golang.org/x/term"
)

// prompted reads an answer from standard input, unless ctx ends first. A read cannot be interrupted: it goes
// on by itself and ends with the process. Without this a command at its prompt would not hear Ctrl-C,
// and a second one would kill it with the terminal's echo still off.
func prompted[T any](ctx context.Context, stdin io.Reader, read func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	restore := keepTerminal(stdin)
	answered := make(chan answer, 1)
	go func() {
		value, err := read()
		answered <- answer{value, err}
	}()
	select {
	case a := <-answered:
		return a.value, a.err
	case <-ctx.Done():
		restore()
		var none T
		return none, context.Cause(ctx)
	}
}

// keepTerminal returns what brings a terminal back to how it is now.
func keepTerminal(stdin io.Reader) (restore func()) {
	if file, ok := stdin.(*os.File); ok {
		if state, err := term.GetState(int(file.Fd())); err == nil {
			return func() { _ = term.Restore(int(file.Fd()), state) }
		}
	}
	return func() {}
}

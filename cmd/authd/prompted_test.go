package main

import (
	"context"
	"io"
	"strings"
	"syscall"
	"testing"
)

// A pipe into which nobody writes is what a terminal is at which nobody types.
func TestACommandThatAsksHearsTheInterrupt(t *testing.T) {
	t.Parallel()
	silent, writer := io.Pipe()
	t.Cleanup(func() { writer.Close() })
	ctx, stop := context.WithCancelCause(t.Context())
	stop(stopped{syscall.SIGINT})
	_, err := readPassword(ctx, process{stdin: silent, stdout: io.Discard, stderr: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "signal: interrupt") {
		t.Errorf("got %v, want that it was interrupted", err)
	}
}

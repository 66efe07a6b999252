//go:build unix

package e2e

import (
	"context"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen. It is no measure of speed: the machine may
// have other things to do.
const patience = time.Minute

// eventually asks until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not in %v", what, patience)
		}
	}
}

// receive waits for a value, or for the closing of a channel.
func receive[V any](t testing.TB, what string, from <-chan V) V {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("%s: not in %v", what, patience)
		panic("unreachable")
	}
}

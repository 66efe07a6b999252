package main

import (
	"math"
	"testing"
)

func TestHeldPollsLeaveConnectionsForEverybodyElse(t *testing.T) {
	t.Parallel()
	for files, want := range map[uint64]int{0: 1, 256: 1, 300: 86, 1024: 448, 1 << 20: 524_224, math.MaxUint64: math.MaxInt32} {
		if got := heldPolls(files); got != want {
			t.Errorf("with %d files: got %d, want %d", files, got, want)
		}
	}
}

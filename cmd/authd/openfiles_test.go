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

func TestConnectionsLeaveFilesForTheStores(t *testing.T) {
	t.Parallel()
	for files, want := range map[uint64]int{0: 1, 1: 1, 64: 32, 256: 128, 300: 172, 1024: 896, 20_000: 19_872, 1 << 20: 20_000, math.MaxUint64: 20_000} {
		if got := maxConnections(files); got != want {
			t.Errorf("with %d files: got %d, want %d", files, got, want)
		}
	}
	for _, files := range []uint64{300, 1024, 1 << 20} {
		if most := maxConnections(files); ofOneAddress(most) <= min(heldPolls(files), 10_000) || ofOneAddress(most) >= most {
			t.Errorf("with %d files: one address may have %d of %d connections, and hold %d polls", files, ofOneAddress(most), most, heldPolls(files))
		}
	}
}

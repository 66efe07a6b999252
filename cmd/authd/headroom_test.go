package main

import (
	"slices"
	"testing"
)

func TestRoomForGarbageGrowsWithWhatIsAllocatedAndNotWithTheLiveSet(t *testing.T) {
	t.Parallel()
	var set []int
	h := newHeadroom()
	h.set = func(percent int) { set = append(set, percent) }
	for range 2 {
		h.allocates(200 << 10) // polls and heartbeats
	}
	h.allocates(160 << 20) // eight thousand refreshes
	h.allocates(150 << 20)
	h.holds(42 << 20) // a million kills
	h.allocates(200 << 10)
	if want := []int{400, 50, 12}; !slices.Equal(set, want) {
		t.Errorf("the collector was set to %v per cent, want %v", set, want)
	}
}

func TestRoomForGarbageHasBounds(t *testing.T) {
	t.Parallel()
	for perSecond, want := range map[uint64]int64{0: leastRoom, 30 << 20: leastRoom, 31 << 20: 2 * leastRoom, 1 << 40: mostRoom} {
		if got := roomFor(perSecond); got != want {
			t.Errorf("%d bytes a second: got room for %d, want %d", perSecond, got, want)
		}
	}
	if got := gcPercent(1<<40, leastRoom); got != 10 {
		t.Errorf("with an endless live set: got %d per cent, want 10", got)
	}
}

func TestWhatIsAllocatedIsCounted(t *testing.T) {
	t.Parallel()
	before := allocated()
	if got := len(make([]byte, 1<<20)); allocated()-before < uint64(got) {
		t.Errorf("a MiB was allocated and %d bytes were counted", allocated()-before)
	}
}

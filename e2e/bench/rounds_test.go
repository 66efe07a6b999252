//go:build linux

package main

import (
	"slices"
	"testing"
	"time"

	"github.com/authd/authd/e2e/bench/report"
)

func TestNeighboursChangeFromRoundToRound(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 12; n++ {
		behind := map[[2]int]int{}
		for round := range 2 * n {
			all := order(n, round)
			for i := 1; i < n; i++ {
				behind[[2]int{all[i-1], all[i]}]++
			}
			sorted := slices.Sorted(slices.Values(all))
			for i := range n {
				if sorted[i] != i {
					t.Fatalf("%d loads, round %d: not everyone has a turn: %v", n, round, all)
				}
			}
		}
		for pair, times := range behind {
			if times != 2 {
				t.Errorf("%d loads: %d comes %d times behind %d in %d rounds", n, pair[1], times, pair[0], 2*n)
			}
		}
		if len(behind) != n*(n-1) {
			t.Errorf("%d loads: only %d pairs were neighbours", n, len(behind))
		}
	}
}

// A short run has too few rounds for balance, but nobody stays behind the same one.
func TestNobodyIsTwiceBehindTheSameInAShortRun(t *testing.T) {
	t.Parallel()
	seen := map[[2]int]bool{}
	for round := range short.rounds {
		all := order(11, round)
		for i := 1; i < len(all); i++ {
			pair := [2]int{all[i-1], all[i]}
			if seen[pair] {
				t.Errorf("round %d: %d is behind %d once more", round, pair[1], pair[0])
			}
			seen[pair] = true
		}
	}
}

func TestARatioIsOfTurnsOfTheSameRound(t *testing.T) {
	t.Parallel()
	did := func(requests ...int) (all []turn) {
		for _, n := range requests {
			all = append(all, turn{took: 2 * time.Second, requests: n})
		}
		return all
	}
	c := contest{turns: map[string][]turn{"fast": did(300, 100, 80), "yardstick": did(100, 100, 20)}}
	// Of medians it would be 1.
	if got, want := c.ratio("fast", "yardstick"), report.Of([]float64{3, 1, 4}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

//go:build linux

package main

import "time"

// plan is how long everything takes.
type plan struct {
	kind    string
	rounds  int
	turn    time.Duration // of one load in one round
	slow    time.Duration // of one load that does some twenty requests a second
	storm   time.Duration // of each of the three parts of a storm: before, during, after
	storms  int
	sweep   time.Duration // of one load with one number of clients
	growth  []int         // sessions at which the cost of a refresh is looked at; the last is what the loads use
	logouts int           // sessions that may be logged out in one turn
	obeyed  int           // logouts that are followed to the verifiers
	starts  int
}

// The least numbers of rounds are odd, so that medians were seen.
var (
	short = plan{
		kind: "short", rounds: 3, turn: 1500 * time.Millisecond, slow: 3 * time.Second, storm: 3 * time.Second, storms: 1,
		sweep: 400 * time.Millisecond, growth: []int{10_000, 100_000}, logouts: 40_000, obeyed: 60, starts: 15,
	}
	thorough = plan{
		kind: "long", rounds: 13, turn: 12 * time.Second, slow: 12 * time.Second, storm: 40 * time.Second, storms: 3,
		sweep: 5 * time.Second, growth: []int{10_000, 100_000, 300_000, 1_000_000}, logouts: 150_000, obeyed: 1000, starts: 51,
	}
)

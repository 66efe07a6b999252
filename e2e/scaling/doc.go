// Scaling computes how much of everything a number of users needs, from what a run of the benchmark found.
//
//	make scaling       docs/scaling.md, from docs/performance.json
//
// It knows the arithmetic, and states every assumption on the page. It must never measure anything, nor know a
// figure that the benchmark could have told it.
package main

// Command fuzz runs every fuzz target of every module for an equal share of a given time and says what
// came of it: how often each was run, what it found that was new, and what failed. It ends by itself, and
// with an error if anything failed. It knows the go command and where the modules are, and must never
// know what a target tests.
package main

// Package pieces measures what a request is made of, piece by piece: as benchmarks, and as a limit to what each piece
// allocates. Tests alone import it.
//
// It knows how to run a piece and how to count. It must never know what a piece does, nor hold it to a clock.
package pieces

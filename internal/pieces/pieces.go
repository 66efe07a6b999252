package pieces

import (
	"errors"
	"runtime/debug"
	"slices"
	"testing"
)

// Piece is something that is done many times a second.
type Piece struct {
	name   string
	allocs float64
	do     func() error
}

// Of names a piece and says how often it may allocate: as often as it does, and a little more where loops run beside it.
func Of(name string, allocs float64, do func() error) Piece { return Piece{name, allocs, do} }

// Holds is for pieces that come to something or do not.
func Holds(claim func() bool) func() error {
	return func() error {
		if !claim() {
			return errors.New("it came to something else")
		}
		return nil
	}
}

// Bench has a benchmark for each piece.
func Bench(b *testing.B, all []Piece) {
	for _, p := range all {
		b.Run(p.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := p.do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Hold holds each piece to its limit. The race detector makes values escape that do not otherwise: under it a piece
// must work, and is not counted. The test that calls this must not be parallel: whatever runs beside it would be
// counted.
func Hold(t *testing.T, all []Piece) {
	t.Helper()
	counted := !raced()
	for _, p := range all {
		var err error
		got := testing.AllocsPerRun(200, func() {
			if e := p.do(); e != nil {
				err = e
			}
		})
		switch {
		case err != nil:
			t.Errorf("%s: %v", p.name, err)
		case counted && got > p.allocs:
			t.Errorf("%s: got %v allocations, at most %v. Where: -run '^%s$' -memprofilerate 1 -memprofile. "+
				"Raise the limit only in a commit that says what they bought.", p.name, got, p.allocs, t.Name())
		default:
			t.Logf("%s: %v allocations, at most %v", p.name, got, p.allocs)
		}
	}
}

// raced reports whether the race detector watches. No source of ours but tests asks for that by a build tag.
func raced() bool {
	info, known := debug.ReadBuildInfo()
	return known && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

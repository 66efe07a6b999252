package main

import (
	"fmt"
	"strings"
)

// faults gathers everything that is wrong with the settings, so that one start shows all of it.
// It never holds a value of a secret: what it holds is printed.
type faults struct{ lines []string }

func (f *faults) add(name, format string, args ...any) {
	f.lines = append(f.lines, name+": "+fmt.Sprintf(format, args...))
}

// err is nil when there is no fault.
func (f *faults) err() error {
	switch len(f.lines) {
	case 0:
		return nil
	case 1:
		return &usageError{fmt.Errorf("the settings have a fault:\n  %s", f.lines[0])}
	}
	return &usageError{fmt.Errorf("the settings have %d faults:\n  %s", len(f.lines), strings.Join(f.lines, "\n  "))}
}

// nearest returns the name with the smallest edit distance to wrong, the first of several.
func nearest(wrong string, names []string) string {
	best, least := "", -1
	for _, name := range names {
		if d := distance(wrong, name); least < 0 || d < least {
			best, least = name, d
		}
	}
	return best
}

// distance counts the letters to insert, remove or exchange to turn a into b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			exchange := diagonal
			if a[i] != b[j] {
				exchange++
			}
			diagonal = row[j+1]
			row[j+1] = min(exchange, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

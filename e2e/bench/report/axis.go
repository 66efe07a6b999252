package report

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// axis maps amounts to places of a line.
type axis struct {
	low, high float64 // amounts
	from, to  float64 // places
	log       bool
	ticks     []float64
}

// at is the place of an amount.
func (a *axis) at(v float64) float64 {
	low, high := a.low, a.high
	if a.log {
		low, high, v = math.Log10(low), math.Log10(high), math.Log10(v)
	}
	return a.from + (v-low)/(high-low)*(a.to-a.from)
}

// maxNamed is how many amounts are few enough to be named each, instead of round ones between them.
const maxNamed = 6

// horizontal shows amounts from the first to the last. On a logarithmic axis a few of them are ticks by themselves:
// they are what was tried.
func horizontal(amounts []float64, log bool, from, to float64) axis {
	a := axis{low: slices.Min(amounts), high: slices.Max(amounts), from: from, to: to, log: log}
	if !log {
		a.low = min(a.low, 0)
	}
	a.widen()
	distinct := slices.Compact(slices.Sorted(slices.Values(amounts)))
	if log && len(distinct) <= maxNamed {
		a.ticks = distinct
	} else {
		a.ticks = a.round()
	}
	return a
}

// vertical begins at zero, or on a logarithmic axis at the round amount below the least, and ends at a round one.
func vertical(amounts []float64, log bool, from, to float64) axis {
	a := axis{low: 0, high: slices.Max(amounts), from: from, to: to, log: log}
	if log {
		a.low = slices.Min(amounts)
	}
	a.widen()
	if log {
		a.low, a.high = roundLog(a.low, false), roundLog(a.high, true)
	} else {
		step := stepFor(a.high)
		a.high = step * math.Ceil(a.high/step*(1-1e-9))
	}
	a.ticks = a.round()
	return a
}

// widen makes room where all amounts are the same.
func (a *axis) widen() {
	if a.low != a.high {
		return
	}
	if a.log {
		a.low, a.high = a.low/2, a.high*2
		return
	}
	a.high = a.low + 1
}

// round are round amounts on the axis.
func (a *axis) round() (ticks []float64) {
	if !a.log {
		step := stepFor(a.high - a.low)
		for n := math.Ceil(a.low / step); n*step <= a.high*(1+1e-9); n++ {
			ticks = append(ticks, n*step)
		}
		return ticks
	}
	digits := []float64{1, 2, 5}
	if a.high/a.low > 1000 {
		digits = digits[:1]
	}
	for decade := math.Floor(math.Log10(a.low)); decade <= math.Log10(a.high); decade++ {
		for _, digit := range digits {
			if v := digit * math.Pow(10, decade); v >= a.low*(1-1e-9) && v <= a.high*(1+1e-9) {
				ticks = append(ticks, v)
			}
		}
	}
	return ticks
}

// stepFor is the round amount of which four to ten make up a width.
func stepFor(width float64) float64 {
	decade := math.Pow(10, math.Floor(math.Log10(width)))
	for _, digit := range []float64{0.1, 0.2, 0.5, 1} {
		if width/(digit*decade) <= 10 {
			return digit * decade
		}
	}
	return decade
}

// roundLog is the nearest of 1, 2 and 5 of a decade that is not above v, or not below it.
func roundLog(v float64, up bool) float64 {
	decade := math.Pow(10, math.Floor(math.Log10(v)))
	best := decade
	for _, digit := range []float64{1, 2, 5, 10} {
		switch r := digit * decade; {
		case up && r >= v*(1-1e-9):
			return r
		case !up && r <= v*(1+1e-9):
			best = r
		}
	}
	return best
}

// short writes an amount as people say it: 1500 is 1.5 k, 2000000 is 2 M.
func short(v float64) string {
	unit := ""
	switch size := math.Abs(v); {
	case size >= 1e9:
		v, unit = v/1e9, " G"
	case size >= 1e6:
		v, unit = v/1e6, " M"
	case size >= 1e3:
		v, unit = v/1e3, " k"
	}
	return digits(v) + unit
}

// digits writes three digits that mean something, and all that stand before the point.
func digits(v float64) string {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	places := max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
	text := strconv.FormatFloat(v, 'f', places, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return text
}

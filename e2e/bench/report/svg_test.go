package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func line(name string, points ...Point) Series { return Series{Name: name, Points: points} }

func TestAPlotIsWellFormedAndHasAPlaceForEverything(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Chart{
		"one point":       {Series: []Series{line("a", Point{1, 1})}},
		"one point, logs": {LogX: true, LogY: true, Series: []Series{line("a", Point{3, 0.02})}},
		"only zeros":      {Series: []Series{line("a", Point{0, 0}, Point{1, 0})}},
		"a name as markup": {Title: "<b>&", X: "<x>", Y: "&", Series: []Series{line("</svg>", Point{1, 2}, Point{2, 3})},
			Bands: []Band{{"<i>", 1, 1.5}}},
		"six decades": {LogX: true, LogY: true, Series: []Series{line("a", Point{1, 0.001}, Point{1e6, 5e5})}},
	} {
		picture, err := SVG(c)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := wellFormed(picture); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if bytes.Contains(picture, []byte("NaN")) || bytes.Contains(picture, []byte("Inf")) {
			t.Errorf("%s: a place that is none:\n%s", name, picture)
		}
	}
}

func wellFormed(text []byte) error {
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestWhatHasNoPlaceIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Chart{
		"no lines":         {},
		"no points":        {Series: []Series{line("a")}},
		"not a number":     {Series: []Series{line("a", Point{1, math.NaN()})}},
		"infinite":         {Series: []Series{line("a", Point{math.Inf(1), 1})}},
		"below zero":       {Series: []Series{line("a", Point{1, -1})}},
		"the log of zero":  {LogY: true, Series: []Series{line("a", Point{1, 0})}},
		"a band at log 0":  {LogX: true, Series: []Series{line("a", Point{1, 1})}, Bands: []Band{{"b", 0, 1}}},
		"too many colours": {Series: make([]Series, maxSeries+1)},
	} {
		if _, err := SVG(c); err == nil {
			t.Errorf("%s: it was drawn", name)
		}
	}
}

func TestTicksAreRound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		axis axis
		want string
	}{
		{"from zero", vertical([]float64{3, 8700}, false, 0, 1), "0 1 k 2 k 3 k 4 k 5 k 6 k 7 k 8 k 9 k"},
		{"a small one", vertical([]float64{0.21}, false, 0, 1), "0 0.05 0.1 0.15 0.2 0.25"},
		{"two decades", vertical([]float64{1.7, 49}, true, 0, 1), "1 2 5 10 20 50"},
		{"six decades", vertical([]float64{1, 1e6}, true, 0, 1), "1 10 100 1 k 10 k 100 k 1 M"},
		{"what was tried", horizontal([]float64{1, 4, 16, 64, 256}, true, 0, 1), "1 4 16 64 256"},
		{"seconds", horizontal([]float64{0.1, 11.9}, false, 0, 1), "0 2 4 6 8 10"},
	} {
		var got []string
		for _, v := range c.axis.ticks {
			got = append(got, short(v))
		}
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
}

func TestNamesDoNotLieOnEachOther(t *testing.T) {
	t.Parallel()
	got := apart([]float64{100, 90, 100, 345, 348, 60})
	want := []float64{106, 90, 122, 332, 348, 60}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestALongNameHasRoom(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"authd": `width="760"`, "a statement through pgx, forty letters ü": `width="906"`} {
		picture, err := SVG(Chart{Series: []Series{line(name, Point{1, 1})}})
		if err != nil || !bytes.Contains(picture, []byte(want)) {
			t.Errorf("%q: it lacks %s, error %v:\n%s", name, want, err, picture[:min(len(picture), 200)])
		}
	}
}

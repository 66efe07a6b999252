//go:build unix

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// sample is what the process holds at a moment. Bytes are MiB.
type sample struct {
	requests          int
	resident, heap    float64
	goroutines, files int
}

// measure asks /metrics, and the system for what it knows better.
func (d *desk) measure(ctx context.Context, requests int) (s sample, err error) {
	var text []byte
	if err := d.ask(ctx, call{from: ofDesk, method: "GET", path: "/metrics", private: true, status: 200}, &text); err != nil {
		return s, err
	}
	s.requests = requests
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		n, err := strconv.ParseFloat(value, 64)
		switch {
		case err != nil:
		case name == "process_resident_memory_bytes":
			s.resident = n / (1 << 20)
		case name == "go_memstats_heap_alloc_bytes":
			s.heap = n / (1 << 20)
		case name == "go_goroutines":
			s.goroutines = int(n)
		case name == "process_open_fds":
			s.files = int(n)
		}
	}
	if s.resident == 0 || s.goroutines == 0 { // not on this system, or under another name
		return s, fmt.Errorf("the metrics of the process are not there: %+v", s)
	}
	if list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", d.server.cmd.Process.Pid)); err == nil {
		s.files = len(list)
	}
	return s, nil
}

// tenths are the medians of each tenth of the samples. Of the heap it is the least: what is above says how long ago the
// last collection was.
func tenths(all []sample) (ten []sample) {
	if len(all) < 10 {
		return all
	}
	for i := range 10 {
		part := all[i*len(all)/10 : (i+1)*len(all)/10]
		ten = append(ten, sample{
			requests:   part[len(part)-1].requests,
			resident:   median(part, func(s sample) float64 { return s.resident }),
			heap:       slices.MinFunc(part, func(a, b sample) int { return cmp.Compare(a.heap, b.heap) }).heap,
			goroutines: int(median(part, func(s sample) float64 { return float64(s.goroutines) })),
			files:      int(median(part, func(s sample) float64 { return float64(s.files) })),
		})
	}
	return ten
}

func median(all []sample, of func(sample) float64) float64 {
	values := make([]float64, len(all))
	for i, s := range all {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// How much more the last tenth may hold than the second: what a collector does by chance, and no more.
const (
	growth    = 1.25
	slack     = 8.0 // MiB
	slackMany = 20  // goroutines, files
)

// grown says what was not flat. The first tenth fills caches and pools.
func grown(all []sample) (found []string) {
	ten := tenths(all)
	if len(ten) < 10 {
		return nil
	}
	from, to := ten[1], ten[9]
	check := func(what string, from, to, slack float64) {
		if to > from*growth+slack {
			found = append(found, fmt.Sprintf("%s grew from %.1f to %.1f", what, from, to))
		}
	}
	check("resident memory", from.resident, to.resident, slack)
	check("heap", from.heap, to.heap, slack)
	check("the number of goroutines", float64(from.goroutines), float64(to.goroutines), slackMany)
	check("the number of open files", float64(from.files), float64(to.files), slackMany)
	return found
}

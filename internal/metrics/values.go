package metrics

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	maxLabels = 3
	maxSeries = 500 // of one family; what comes later is counted under the labels "other"
)

// Counter only grows.
type Counter struct{ n atomic.Uint64 }

// Add grows the counter. Less than nothing is nothing.
func (c *Counter) Add(n int) {
	if n > 0 {
		c.n.Add(uint64(n))
	}
}

// Gauge goes up and down.
type Gauge struct{ n atomic.Int64 }

// Add changes the gauge.
func (g *Gauge) Add(n int) { g.n.Add(int64(n)) }

// Histogram counts values by how large they are.
type Histogram struct {
	bounds []float64       // upper bounds of the buckets, growing; +Inf is not among them
	counts []atomic.Uint64 // one more than bounds
	sum    atomic.Uint64   // the bits of a float64
}

func newHistogram(bounds []float64) *Histogram {
	return &Histogram{bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1)}
}

// Observe takes a value in.
func (h *Histogram) Observe(value float64) {
	at, _ := slices.BinarySearch(h.bounds, value) // the first bound that is not below
	h.counts[at].Add(1)
	for {
		old := h.sum.Load()
		if h.sum.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+value)) {
			return
		}
	}
}

func (h *Histogram) write(p *page, f Family, values []string) {
	labels, values := append(slices.Clone(f.Labels), "le"), append(slices.Clone(values), "")
	var sum uint64
	for i := range h.counts {
		sum += h.counts[i].Load()
		values[len(values)-1] = "+Inf"
		if i < len(h.bounds) {
			values[len(values)-1] = number(h.bounds[i])
		}
		p.sample(f.Name+"_bucket", labels, values, float64(sum))
	}
	p.sample(f.Name+"_sum", f.Labels, values, math.Float64frombits(h.sum.Load()))
	p.sample(f.Name+"_count", f.Labels, values, float64(sum))
}

// Counter registers a counter without labels.
func (r *Registry) Counter(name, help string) *Counter {
	c := &Counter{}
	f := Family{Name: name, Kind: KindCounter, Help: help}
	r.add(f, func(p *page) { p.sample(name, nil, nil, float64(c.n.Load())) })
	return c
}

// Gauge registers a gauge without labels.
func (r *Registry) Gauge(name, help string) *Gauge {
	g := &Gauge{}
	f := Family{Name: name, Kind: KindGauge, Help: help}
	r.add(f, func(p *page) { p.sample(name, nil, nil, float64(g.n.Load())) })
	return g
}

// Gauges registers a gauge with at most three labels.
func (r *Registry) Gauges(name, help string, labels ...string) *Series[Gauge] {
	s := newSeries(labels, func() *Gauge { return &Gauge{} })
	f := Family{Name: name, Kind: KindGauge, Help: help, Labels: labels}
	r.add(f, func(p *page) {
		s.each(func(g *Gauge, values []string) { p.sample(name, labels, values, float64(g.n.Load())) })
	})
	return s
}

// Counters registers a counter with at most three labels.
func (r *Registry) Counters(name, help string, labels ...string) *Series[Counter] {
	s := newSeries(labels, func() *Counter { return &Counter{} })
	f := Family{Name: name, Kind: KindCounter, Help: help, Labels: labels}
	r.add(f, func(p *page) {
		s.each(func(c *Counter, values []string) { p.sample(name, labels, values, float64(c.n.Load())) })
	})
	return s
}

// Histograms registers a histogram with at most three labels, or none.
func (r *Registry) Histograms(name, help string, bounds []float64, labels ...string) *Series[Histogram] {
	s := newSeries(labels, func() *Histogram { return newHistogram(bounds) })
	f := Family{Name: name, Kind: KindHistogram, Help: help, Labels: labels}
	r.add(f, func(p *page) {
		s.each(func(h *Histogram, values []string) { h.write(p, f, values) })
	})
	return s
}

// Series are the values of one family by their labels.
type Series[T any] struct {
	labels int
	create func() *T

	mu  sync.Mutex                               // guards changes of all
	all atomic.Pointer[map[[maxLabels]string]*T] // what it points to nobody changes
}

func newSeries[T any](labels []string, create func() *T) *Series[T] {
	if len(labels) > maxLabels {
		panic("metrics: more than three labels")
	}
	s := &Series[T]{labels: len(labels), create: create}
	s.all.Store(&map[[maxLabels]string]*T{})
	return s
}

// With returns the series of these values of the labels, in the order of the names.
func (s *Series[T]) With(values ...string) *T {
	var key [maxLabels]string
	copy(key[:s.labels], values)
	if found := (*s.all.Load())[key]; found != nil {
		return found
	}
	return s.add(key)
}

// add makes the series of key, unless somebody just has or there are too many.
func (s *Series[T]) add(key [maxLabels]string) *T {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := *s.all.Load()
	if all[key] == nil && len(all) >= maxSeries {
		key = [maxLabels]string{}
		for i := range s.labels {
			key[i] = "other"
		}
	}
	if found := all[key]; found != nil {
		return found
	}
	all = maps.Clone(all)
	all[key] = s.create()
	s.all.Store(&all)
	return all[key]
}

// each calls do for every series, in the order of the labels' values.
func (s *Series[T]) each(do func(value *T, labels []string)) {
	all := *s.all.Load()
	keys := slices.SortedFunc(maps.Keys(all), func(a, b [maxLabels]string) int { return slices.CompareFunc(a[:], b[:], strings.Compare) })
	for _, key := range keys {
		do(all[key], key[:s.labels])
	}
}

// number is a float as the format has it.
func number(value float64) string {
	switch {
	case math.IsInf(value, 1):
		return "+Inf"
	case math.IsInf(value, -1):
		return "-Inf"
	case value == math.Trunc(value) && math.Abs(value) < 1<<53:
		return strconv.FormatInt(int64(value), 10)
	}
	return strconv.FormatFloat(value, 'g', -1, 64)
}

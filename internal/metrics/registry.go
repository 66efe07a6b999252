package metrics

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"sync"
)

// Kind is what a number means.
type Kind string

const (
	KindCounter   Kind = "counter" // only grows while the process lives
	KindGauge     Kind = "gauge"
	KindHistogram Kind = "histogram"
)

// Family is what is known of a metric before it has a value.
type Family struct {
	Name   string
	Kind   Kind
	Help   string
	Labels []string
}

// source is a family with its values.
type source struct {
	Family
	write func(*page)
}

// Registry is a set of families. The zero value is empty and ready.
type Registry struct {
	mu      sync.Mutex // guards sources and before
	sources []source
	before  []func()
}

// Families returns what is registered, by name.
func (r *Registry) Families() []Family {
	r.mu.Lock()
	defer r.mu.Unlock()
	families := make([]Family, len(r.sources))
	for i, s := range r.sources {
		families[i] = s.Family
	}
	slices.SortFunc(families, func(a, b Family) int { return strings.Compare(a.Name, b.Name) })
	return families
}

// Write writes all values as they are now, by name.
func (r *Registry) Write(w io.Writer) error {
	r.mu.Lock()
	sources, before := slices.Clone(r.sources), slices.Clone(r.before)
	r.mu.Unlock()
	for _, read := range before {
		read()
	}
	slices.SortFunc(sources, func(a, b source) int { return strings.Compare(a.Name, b.Name) })
	p := &page{}
	for _, s := range sources {
		p.begin(s.Family)
		s.write(p)
	}
	_, err := p.WriteTo(w)
	return err
}

// Before has read called before all is read, for numbers of several families that are read at once.
func (r *Registry) Before(read func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.before = append(r.before, read)
}

// add panics over a name that is taken: that is a mistake of whoever wrote the program, and shows at
// every start.
func (r *Registry) add(f Family, write func(*page)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.ContainsFunc(r.sources, func(s source) bool { return s.Name == f.Name }) {
		panic("metrics: " + f.Name + " is registered twice")
	}
	r.sources = append(r.sources, source{f, write})
}

// Func registers a counter or a gauge that is read when it is asked for.
func (r *Registry) Func(f Family, read func() float64) {
	r.add(f, func(p *page) { p.sample(f.Name, nil, nil, read()) })
}

// Collect registers a counter or a gauge with labels whose series are read when they are asked for.
func (r *Registry) Collect(f Family, read func(emit func(value float64, labels ...string))) {
	r.add(f, func(p *page) {
		read(func(value float64, labels ...string) { p.sample(f.Name, f.Labels, labels, value) })
	})
}

// page is text in the making.
type page struct{ bytes.Buffer }

func (p *page) begin(f Family) {
	p.WriteString("# HELP " + f.Name + " " + helpEscapes.Replace(f.Help) + "\n")
	p.WriteString("# TYPE " + f.Name + " " + string(f.Kind) + "\n")
}

func (p *page) sample(name string, labels, values []string, value float64) {
	p.WriteString(name)
	for i, label := range labels {
		if i == 0 {
			p.WriteByte('{')
		} else {
			p.WriteByte(',')
		}
		p.WriteString(label + `="` + valueEscapes.Replace(strings.ToValidUTF8(values[i], "�")) + `"`)
	}
	if len(labels) > 0 {
		p.WriteByte('}')
	}
	p.WriteByte(' ')
	p.WriteString(number(value))
	p.WriteByte('\n')
}

var (
	helpEscapes  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	valueEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

package report

import (
	"encoding/json"
	"io"
	"slices"
	"time"
)

// Report is one run.
type Report struct {
	At      time.Time `json:"at"`
	Took    float64   `json:"took_s"`
	Kind    string    `json:"kind"` // short or long
	Rounds  int       `json:"rounds"`
	Machine Machine   `json:"machine"`
	Rows    []Row     `json:"rows"`
	Loads   []Load    `json:"loads"`
	Charts  []Chart   `json:"charts"`
}

// Machine is where a run took place, and the versions of what was run.
type Machine struct {
	CPU         string  `json:"cpu"`
	Cores       int     `json:"cores"`
	MemoryGiB   float64 `json:"memory_gib"`
	System      string  `json:"system"`
	Go          string  `json:"go"`
	Postgres    string  `json:"postgres"`
	SQLite      string  `json:"sqlite,omitempty"` // its driver, which has SQLite in it
	Authd       string  `json:"authd"`
	FlushMicros float64 `json:"flush_us"` // for the disk to keep 8 kB
}

// Spread is what several rounds found.
type Spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	N      int     `json:"n,omitempty"` // how many were found
}

// Of is the spread of what was found, which is not changed. Of nothing it is zero.
func Of(found []float64) Spread {
	if len(found) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(found))
	middle := sorted[len(sorted)/2]
	if len(sorted)%2 == 0 {
		middle = (middle + sorted[len(sorted)/2-1]) / 2
	}
	return Spread{Median: middle, Low: sorted[0], High: sorted[len(sorted)-1], N: len(sorted)}
}

// Row is one goal, and how far it was reached.
type Row struct {
	ID      string  `json:"id"`
	What    string  `json:"what"`
	Unit    string  `json:"unit,omitempty"` // none: a ratio or a number
	AtLeast bool    `json:"at_least"`       // else at most
	Goal    float64 `json:"goal"`
	Got     Spread  `json:"got"`
	Peer    string  `json:"peer,omitempty"` // what a good peer reaches
	// MadeOf says in a sentence or two what the figure is made of, with costs of this run. The page shows it
	// of goals that were missed. Empty: there is nothing to say.
	MadeOf string `json:"made_of,omitempty"`
}

// Met reports whether the median reached the goal.
func (r Row) Met() bool {
	if r.AtLeast {
		return r.Got.Median >= r.Goal
	}
	return r.Got.Median <= r.Goal
}

// Load is one thing that was done again and again: a route under so many clients, or a yardstick.
type Load struct {
	ID        string `json:"id"`
	What      string `json:"what"`
	Clients   int    `json:"clients"`
	Requests  int    `json:"requests"` // of all rounds
	PerSecond Spread `json:"per_second"`
	P50       Spread `json:"p50_ms"`
	P99       Spread `json:"p99_ms"`
	Service   Spread `json:"service_cpu_ms"` // CPU time per request, as the next two
	Postgres  Spread `json:"postgres_cpu_ms"`
	Generator Spread `json:"generator_cpu_ms"`
	WAL       Spread `json:"wal_bytes"` // per request
	Messages  Spread `json:"messages"`  // to PostgreSQL, per request
}

// Chart is a plot.
type Chart struct {
	ID     string   `json:"id"`
	Title  string   `json:"title"`
	X      string   `json:"x"`
	Y      string   `json:"y"`
	LogX   bool     `json:"log_x,omitempty"`
	LogY   bool     `json:"log_y,omitempty"`
	Series []Series `json:"series"`
	Bands  []Band   `json:"bands,omitempty"`
}

// Series is one line of a plot.
type Series struct {
	Name   string  `json:"name"`
	Points []Point `json:"points"`
}

// Point is one place of a line.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Band is a stretch of x during which something else went on.
type Band struct {
	Name string  `json:"name"`
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// Write writes the report as JSON.
func (r *Report) Write(to io.Writer) error {
	e := json.NewEncoder(to)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// Read reads what Write wrote.
func Read(from io.Reader) (*Report, error) {
	d := json.NewDecoder(from)
	d.DisallowUnknownFields()
	r := &Report{}
	return r, d.Decode(r)
}

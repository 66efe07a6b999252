package report

import (
	"fmt"
	"strings"
	"time"
)

// says is what there is to see in each of the plots that a run makes.
var says = map[string]string{
	"throughput":    "Clients ask as fast as they get answers. Batches grow with the crowd, so one commit serves more and more of them. A statement for each request gains as long as there are connections for more of them, which are 16 here, and no further; below some dozens of clients it is the faster one, having neither HTTP nor a signature around it.",
	"p99":           "The slowest answer in a hundred, of the same runs.",
	"storm":         "Eight clients refresh ten times a second. In the grey stretch sixteen others sign in as fast as they can, which takes all cores; each point is a twentieth of the stretch.",
	"kills":         "Resident memory of an authd that has just read so many live kills from PostgreSQL.",
	"sessions":      "64 clients refresh sessions at random, in a store that holds more and more of them.",
	"sessions-cost": "CPU time of those refreshes.",
	"sessions-wal":  "What those refreshes add to the log, with the images of pages that are written for the first time after a checkpoint.",
}

// Page is docs/performance.md.
func Page(r *Report) string {
	var b strings.Builder
	b.WriteString("# Performance, measured\n\n")
	fmt.Fprintf(&b, `Written by %s on %s, a **%s** run of %s, which anybody can repeat. It starts a PostgreSQL
of its own that flushes each commit and the built authd with its defaults, which means: throttles, audit, metrics, the
whole law of tokens, and `+"`synchronous_commit` and `synchronous=FULL`"+` as they are. Passwords cost 10 instead of 12, so
that everything beside bcrypt shows, and failures of one address are not counted, because all clients have one.

`, command(r), r.At.Format(time.DateOnly), r.Kind, spell(r.Took))
	r.machine(&b)
	fmt.Fprintf(&b, `
## Goals

Every figure is a ratio to a yardstick that was measured in the same run, or a bound. Loads and yardsticks took turns,
%d rounds of them, each in another order; ratios are of one round each. Storms, starts and looks at memory have counts of
their own: n is how many values there are of a figure, and here are their median, the lowest and the highest. A good peer is
GoTrue, tuned, or where it has no such figure the best of what was tried beside it, measured once on a machine of this
size; its figures are not of this run.

| what | goal | median | low to high | n | | a good peer |
|---|---|---|---|---|---|---|
`, r.Rounds)
	for _, row := range r.Rows {
		fmt.Fprintf(&b, "| %s | %s | **%s** | %s | %d | %s | %s |\n", row.What, row.goal(), row.amount(row.Got.Median),
			orDash(row.Got.span()), row.Got.N, row.word(), orDash(row.Peer))
	}
	r.misses(&b)
	r.loads(&b)
	r.plots(&b)
	b.WriteString(howToRead)
	return b.String()
}

const howToRead = `
## How to read this

- Service, PostgreSQL and the clients share the cores. On machines of their own each is faster; what a request costs
  each of them is in the table. The yardsticks share the cores in the same way.
- Ratios hold better than amounts, and amounts of CPU time better than requests a second. None of them holds on another
  machine: run it there. A disk that takes longer to flush makes batches larger and gains more from them.
- Everything goes over the loopback. A network adds its round trips: one to authd, and two from authd to PostgreSQL for a
  whole batch of refreshes.
- WAL has the images of pages that are written for the first time after a checkpoint. They weigh more in a short run, and
  in a large store.
- ` + "`make bench-pieces`" + ` compares the pieces of two builds, with their allocations.
`

func command(r *Report) string {
	if r.Kind == "short" {
		return "`make bench`"
	}
	return "`make bench-long`"
}

// machine says where the run took place.
func (r *Report) machine(b *strings.Builder) {
	m := r.Machine
	b.WriteString("| | |\n|---|---|\n")
	for _, line := range [][2]string{
		{"machine", fmt.Sprintf("%s, %d cores, %s GiB", m.CPU, m.Cores, digits(m.MemoryGiB))},
		{"system", m.System + ", " + m.Go},
		{"disk", fmt.Sprintf("%s µs to write and flush 8 kB", digits(m.FlushMicros))},
		{"PostgreSQL", m.Postgres + ", the defaults of initdb, but for shared_buffers=256MB, max_connections=300, dynamic_shared_memory_type=mmap"},
		{"SQLite", m.SQLite},
		{"authd", m.Authd},
	} {
		fmt.Fprintf(b, "| %s | %s |\n", line[0], line[1])
	}
}

// misses says what the figures are made of that did not reach their goals.
func (r *Report) misses(b *strings.Builder) {
	titled := false
	for _, row := range r.Rows {
		if row.Met() || row.MadeOf == "" {
			continue
		}
		if !titled {
			b.WriteString("\n### What the missed ones are made of\n\n")
			titled = true
		}
		fmt.Fprintf(b, "- **%s**, %s of %s: %s\n", row.What, row.amount(row.Got.Median), row.amount(row.Goal), row.MadeOf)
	}
}

// loads is the table of what was done.
func (r *Report) loads(b *strings.Builder) {
	b.WriteString(`
## Loads

CPU time is per request, of whoever spent it: the service (authd, or the server that is its yardstick), all processes of
PostgreSQL, and the clients, among whom are those who work the yardsticks. Messages are those to PostgreSQL after which
somebody waits, per request, counted on the wire. The bare chi handler answers with a body of as many bytes as authd's key
set, with fewer headers, and is not compiled by a profile, as authd is.

| load | clients | requests | a second | p50 ms | p99 ms | service µs | PostgreSQL µs | clients µs | WAL B | messages |
|---|---|---|---|---|---|---|---|---|---|---|
`)
	for _, l := range r.Loads {
		fmt.Fprintf(b, "| %s | %d | %d | %s (%s to %s) | %s | %s | %s | %s | %s | %s | %s |\n", l.What, l.Clients, l.Requests,
			digits(l.PerSecond.Median), digits(l.PerSecond.Low), digits(l.PerSecond.High), digits(l.P50.Median), digits(l.P99.Median),
			micros(l.Service), micros(l.Postgres), micros(l.Generator), whole(l.WAL), orDash(nonzero(l.Messages)))
	}
}

func (r *Report) plots(b *strings.Builder) {
	b.WriteString("\n## Plots\n")
	for _, c := range r.Charts {
		fmt.Fprintf(b, "\n### %s\n\n%s\n\n![%s](%s)\n", c.Title, says[c.ID], c.Title, file(c))
	}
}

func file(c Chart) string { return "performance-" + c.ID + ".svg" }

func (r Row) goal() string {
	if r.AtLeast {
		return "≥ " + r.amount(r.Goal)
	}
	return "≤ " + r.amount(r.Goal)
}

func (r Row) amount(v float64) string {
	return strings.TrimSpace(digits(v) + " " + r.Unit)
}

// span is empty where there is one value, which has none.
func (s Spread) span() string {
	if s.N < 2 {
		return ""
	}
	return digits(s.Low) + " to " + digits(s.High)
}

// word says whether the goal was met.
func (r Row) word() string {
	if r.Met() {
		return "met"
	}
	return "**missed**"
}

func micros(s Spread) string { return digits(s.Median * 1e3) }

// whole leaves out what is below one.
func whole(s Spread) string { return fmt.Sprintf("%.0f", s.Median) }

func nonzero(s Spread) string {
	if s.Median == 0 {
		return ""
	}
	return digits(s.Median)
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

func spell(seconds float64) string {
	if minutes := seconds / 60; minutes >= 1 {
		return fmt.Sprintf("%.0f minutes", minutes)
	}
	return fmt.Sprintf("%.0f seconds", seconds)
}

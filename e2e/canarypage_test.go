//go:build unix

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// canaryReport gathers what the sweeps found.
type canaryReport struct {
	mu     sync.Mutex
	stores []storeReport
}

type storeReport struct {
	name string
	*remains
}

// take searches what a sweep left, and fails the test for each secret that is somewhere.
func (c *canaryReport) take(t *testing.T, name string, r *remains) {
	t.Helper()
	hits, requests := 0, 0
	for _, s := range r.sweeps {
		requests += s.total()
		for _, h := range s.hits {
			hits++
			t.Error(h)
		}
	}
	for _, p := range r.places {
		for _, h := range r.find(p.name, p.text) {
			hits++
			t.Error(h)
		}
	}
	t.Logf("%s: %d requests with %d secrets; %d bytes of answers and %d places searched; %d hits",
		name, requests, len(r.kinds), r.answers(), len(r.places), hits)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stores = append(c.stores, storeReport{name, r})
}

func (r *remains) answers() (sum int) {
	for _, s := range r.sweeps {
		sum += s.bytes
	}
	return sum
}

// write writes the page. It is called only if nothing was found.
func (c *canaryReport) write(t *testing.T, file string) {
	t.Helper()
	slices.SortFunc(c.stores, func(a, b storeReport) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
	var w bytes.Buffer
	fmt.Fprintf(&w, `# Secrets that were looked for

Marked passwords, tokens and keys went through every operation of openapi.yaml, on both listeners: to the places
where they belong, and as headers, addresses, methods, members, names of members, forms, broken bodies and cookies where
they do not. Commands got them too, and at the end a store without its table of users, for the causes of errors. Then they
were looked for in all that authd had left behind, in clear, in hex, in base64 at each of its three alignments, encoded for addresses and for
JSON, and in UTF-16. Whoever leaks 23 characters of a form in a row is found. The log had level debug; PostgreSQL logged every
statement with its parameters.

**Nothing was found.** To run it again: `+"`make canaries`"+`.

Left out on purpose are labels that a client chooses and authd keeps or repeats: names of users, clients and devices, and a password
as `+"`User-Agent`"+` or `+"`X-Request-Id`"+`, which nothing tells from a name. Who puts one there publishes it. Tokens and clients' secrets are put there, too. The name of a
member that a body must not have is told to who sent it, in `+"`pointer`"+`, and to nobody else.

Run on %s, %s/%s, %d CPUs, %s.
`, time.Now().UTC().Format(time.DateOnly), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	var sweeps []*sweep
	for _, s := range c.stores {
		s.describe(&w)
		sweeps = append(sweeps, s.sweeps...)
	}
	fmt.Fprint(&w, "\n## Requests\n\n")
	perOperation(&w, operations(t), sweeps...)
	if err := os.WriteFile(file, w.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// describe is what was searched on one store.
func (s storeReport) describe(w *bytes.Buffer) {
	fmt.Fprintf(w, "\n## %s\n\n| secrets | how many |\n|---|---|\n", s.name)
	counts, names := kindsOf(s.marks)
	for _, name := range names {
		fmt.Fprintf(w, "| %s | %d |\n", name, counts[name])
	}
	fmt.Fprintf(w, "\n| place | bytes | hits |\n|---|---|---|\n| answers, without what they hand out | %d | 0 |\n", s.answers())
	for _, p := range s.places {
		fmt.Fprintf(w, "| %s | %d | 0 |\n", p.name, len(p.text))
	}
}

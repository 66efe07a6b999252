package main

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// result is what came of one target.
type result struct {
	target
	execs int64 // executions
	fresh int64 // inputs that reached something new
	took  time.Duration
	fault string // what failed; empty: nothing
}

var (
	// The corpus is run before anything is made up.
	gathered = regexp.MustCompile(`gathering baseline coverage: (\d+)/`)
	progress = regexp.MustCompile(`execs: (\d+) \(.*new interesting: (\d+)`)
	// A worker that is in the middle of an input when the time runs out is now and then taken for one
	// that failed (go.dev/issue/75804, repaired in Go 1.27). No input is written down then: nothing was found.
	outOfTime = regexp.MustCompile(`(?m)^\s+context deadline exceeded$`)
)

const (
	writtenDown = "Failing input written to "
	unguided    = "was not built with coverage instrumentation"
)

// readResult reads what the test binary printed.
func readResult(t target, output string, took time.Duration, err error) result {
	r := result{target: t, took: took}
	for _, found := range gathered.FindAllStringSubmatch(output, -1) {
		r.execs, _ = strconv.ParseInt(found[1], 10, 64)
	}
	for _, found := range progress.FindAllStringSubmatch(output, -1) {
		r.execs, _ = strconv.ParseInt(found[1], 10, 64) // digits, by the pattern
		r.fresh, _ = strconv.ParseInt(found[2], 10, 64)
	}
	if err != nil && (strings.Contains(output, writtenDown) || !outOfTime.MatchString(output)) {
		r.fault = strings.TrimSpace(lastLines(output, 30) + "\n" + err.Error())
	} else if err == nil && r.execs == 0 {
		r.fault = "it was never run"
	} else if strings.Contains(output, unguided) {
		r.fault = "it was built so that it cannot tell which inputs are new"
	}
	return r
}

// lastLines returns the end of a text: what fuzzing says of its progress can be long.
func lastLines(text string, most int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}

func (r *result) print(out io.Writer) {
	fmt.Fprintf(out, "%-52s %12d executions %6d new  %v\n", r.short()+"."+r.name, r.execs, r.fresh, r.took.Round(time.Second))
	if r.fault != "" {
		fmt.Fprintf(out, "FAILED %s in %s\n%s\n", r.name, r.path, indent(r.fault))
	}
}

// short is the package's path below the project's.
func (t *target) short() string {
	return strings.TrimPrefix(t.path, "github.com/authd/authd/")
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(text, "\n", "\n    ")
}

// summary adds results up.
type summary struct {
	targets, failed int
	execs, fresh    int64
	took            time.Duration
}

func summarise(results []result) (s summary) {
	for _, r := range results {
		s.targets++
		s.execs += r.execs
		s.fresh += r.fresh
		s.took += r.took
		if r.fault != "" {
			s.failed++
		}
	}
	return s
}

func (s *summary) print(out io.Writer) {
	fmt.Fprintf(out, "%d targets: %d executions in %v, %d new interesting inputs, %d failed\n",
		s.targets, s.execs, s.took.Round(time.Second), s.fresh, s.failed)
}

func (s *summary) err() error {
	if s.failed == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d targets failed: the inputs are in testdata/fuzz of their packages", s.failed, s.targets)
}

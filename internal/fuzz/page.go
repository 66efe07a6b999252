package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// resultsBegin is where the page stops to be written by hand.
const resultsBegin = "<!-- written by make fuzz: what follows is replaced -->\n"

// writePage replaces the results of a page.
func writePage(file string, p *plan, results []result) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	byHand, _, found := bytes.Cut(text, []byte(resultsBegin))
	if !found {
		return fmt.Errorf("%s has no line that says %q", file, strings.TrimSpace(resultsBegin))
	}
	return os.WriteFile(file, append(byHand, resultsBegin+section(p, results, machine(), commit(), time.Now())...), 0o644)
}

// section writes the results as the page has them.
func section(p *plan, results []result, machine, commit string, day time.Time) string {
	var out strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	s := summarise(results)
	say("")
	say("Run on %s, for %v with %d workers, at commit %s, on %s. %d targets, %d executions, %d new interesting inputs, %d failed.",
		day.UTC().Format(time.DateOnly), p.total, p.parallel, commit, machine, s.targets, s.execs, s.fresh, s.failed)
	say("")
	say("| target | package | executions | per second | new interesting | failed |")
	say("|---|---|---:|---:|---:|---|")
	for _, r := range results {
		failed := "no"
		if r.fault != "" {
			failed = "**yes**"
		}
		say("| `%s` | %s | %d | %.0f | %d | %s |", r.name, r.short(), r.execs, float64(r.execs)/r.took.Seconds(), r.fresh, failed)
	}
	return out.String()
}

// machine names what the numbers depend on.
func machine() string {
	cpu := "a processor of unknown make"
	info, _ := os.ReadFile("/proc/cpuinfo") // only Linux has it
	for line := range strings.Lines(string(info)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			cpu = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%s, %d CPUs, %s/%s, %s", cpu, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}

func commit() string {
	out, err := exec.Command("git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// machine is what numbers depend on.
type machine struct {
	cpu, system, postgres, authd string
}

func (w *world) machine(ctx context.Context) (m machine) {
	m.system = fmt.Sprintf("%s/%s, %d CPUs, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	m.cpu = "of unknown make"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				m.cpu = strings.TrimSpace(value)
				break
			}
		}
	}
	if err := w.conn.QueryRow(ctx, "show server_version").Scan(&m.postgres); err != nil {
		m.postgres = "of unknown version"
	}
	m.authd = "of unknown commit"
	if out, err := exec.CommandContext(ctx, "git", "rev-parse", "--short=12", "HEAD").Output(); err == nil {
		m.authd = strings.TrimSpace(string(out))
	}
	return m
}

// sheet begins a page of docs/ with the machine.
type sheet struct{ bytes.Buffer }

func (p *sheet) say(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *sheet) sayMachine(m machine) {
	p.say("")
	p.say("| | |")
	p.say("|---|---|")
	p.say("| machine | %s; %s |", m.cpu, m.system)
	p.say("| PostgreSQL | %s |", m.postgres)
	p.say("| authd | %s |", m.authd)
}

func today() string { return time.Now().UTC().Format(time.DateOnly) }

// at is the least value that so many percent do not exceed.
func at(sorted []time.Duration, percent int) time.Duration {
	return sorted[max(0, (len(sorted)*percent+99)/100-1)]
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond)) }

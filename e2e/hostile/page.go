//go:build unix

package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// machine is what numbers depend on.
type machine struct{ cpu, system, authd string }

func machineOf(ctx context.Context) machine {
	m := machine{cpu: "of unknown make", authd: "of unknown commit"}
	m.system = fmt.Sprintf("%s/%s, %d CPUs, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				m.cpu = strings.TrimSpace(value)
				break
			}
		}
	}
	if out, err := exec.CommandContext(ctx, "git", "rev-parse", "--short=12", "HEAD").Output(); err == nil {
		m.authd = strings.TrimSpace(string(out))
	}
	return m
}

// sheet is a page of docs/.
type sheet struct{ bytes.Buffer }

func (p *sheet) say(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// page is docs/measured-hostile.md.
func page(seed uint64, c *contract, all []*result, m machine) string {
	var p sheet
	total, refused, inside := 0, 0, 0
	for _, r := range all {
		total, refused, inside = total+r.requests, refused+r.mustFail, inside+r.insiders
	}
	p.say("# A million hostile requests")
	p.say("")
	p.say("Written by `make hostile` on %s, which anybody can repeat: `e2e/hostile` made %s requests out of the %d operations", time.Now().UTC().Format(time.DateOnly), thousands(total), len(c.operations))
	p.say("of openapi.yaml and out of tables of what has broken others. Seed %d.", seed)
	p.say("")
	p.say("| | |")
	p.say("|---|---|")
	p.say("| machine | %s; %s |", m.cpu, m.system)
	p.say("| authd | %s |", m.authd)
	p.say("| requests | %s |", thousands(total))
	p.say("| of them by insiders, with accounts, a client and the admin token | %s |", thousands(inside))
	p.say("| of them such that no success is right | %s |", thousands(refused))
	p.say("| **answers of 5xx, but for 501 and 505 to bytes that are no HTTP/1.1** | **0** |")
	p.say("| **panics, and lines of the log that are errors or repeat what was sent** | **0** |")
	p.say("| **answers that the contract does not have, or that came to what must be refused** | **0** |")
	p.say("| **rows that changed and that no answer admits** | **0** |")
	p.say("| **victims who could not go on, or could not sign in** | **0** |")
	p.saysHow()
	p.parts(all)
	p.memory(all)
	p.counts(spoiled, "part of the request", all, func(r *result) map[string]map[string]int { return r.classes })
	p.counts("What was asked", "operation", all, func(r *result) map[string]map[string]int { return r.operations })
	return p.String()
}

func (p *sheet) saysHow() {
	p.say("")
	p.say("Any of these above 0 ends the run with the request, its number and the line that sends it again, and writes no page.")
	p.say("")
	p.say("- **Requests** come in blocks of %s, those of strangers and of insiders in turn. Nothing that a stranger shows is worth", thousands(blockSize))
	p.say("  anything: bits flipped at every place of genuine tokens, forged tokens, those of users and sessions that are over, tokens in the")
	p.say("  place of others. Insiders use what is theirs against everybody else. Nobody here has a right to the keys.")
	p.say("- **Answers** have a status, headers and a body that openapi.yaml has for the operation, or are 400, 404, 405, 413, 414, 415, 421")
	p.say("  or 431. None repeats a value that was marked, redirects, names its server, or belongs to another request.")
	p.say("- **Rows**: every row of every table but the audit and the throttles is read, past authd, after each block. A row that came, went or")
	p.say("  changed must belong to an account or client whose own credentials were answered with a success in that block, or be a user whom")
	p.say("  an answer of 201 names. In the feed's head the place and the time are left out; the entries are not.")
	p.say("- **Victims** are three accounts that nobody has a right to. At the end each refreshes with the token of the beginning and signs")
	p.say("  in from its own address, whose owner is not locked out by those who guessed its password all the time.")
	p.say("- **none** among the answers below: the connection ended without one, because the request was longer than what is read of any, or was nothing.")
	p.say("- Most requests that could cost the work of a password are spoiled before that. Where throttles are as by default, 429 is an")
	p.say("  answer like any other; where they are off, guesses are compared.")
}

func (p *sheet) parts(all []*result) {
	p.say("")
	p.say("## Parts")
	p.say("")
	p.say("| store and limits | requests | seconds | a second | lines of log read | warnings among them |")
	p.say("|---|---|---|---|---|---|")
	for _, r := range all {
		var warned []string
		for _, msg := range slices.Sorted(maps.Keys(r.warned)) {
			warned = append(warned, fmt.Sprintf("%d × %s", r.warned[msg], msg))
		}
		p.say("| %v | %s | %.0f | %.0f | %s | %s |", r.plan, thousands(r.requests), r.took.Seconds(), float64(r.requests)/r.took.Seconds(),
			thousands(r.lines), cmp.Or(strings.Join(warned, ", "), "none"))
	}
}

func (p *sheet) memory(all []*result) {
	p.say("")
	p.say("## What the process held")
	p.say("")
	p.say("Read every %s requests; here the medians of tenths of each part, and of the heap the least. Flat means that the last", thousands(blockSize))
	p.say("tenth has at most %.2f times what the second has and %.0f MiB, or %d goroutines or files, more.", growth, slack, slackMany)
	for _, r := range all {
		p.say("")
		p.say("%v:", r.plan)
		p.say("")
		p.say("| requests | resident, MiB | heap, MiB | goroutines | open files | |")
		p.say("|---|---|---|---|---|---|")
		for _, s := range tenths(r.samples) {
			p.say("| %s | %.1f | %.1f | %d | %d | %s |", thousands(s.requests), s.resident, s.heap, s.goroutines, s.files, strings.Repeat("▪", int(s.resident/4)))
		}
	}
}

const spoiled = "What was spoiled"

// counts is a table of names and statuses over all parts.
func (p *sheet) counts(title, what string, all []*result, of func(*result) map[string]map[string]int) {
	sum := map[string]map[string]int{}
	for _, r := range all {
		for name, statuses := range of(r) {
			for status, n := range statuses {
				if sum[name] == nil {
					sum[name] = map[string]int{}
				}
				sum[name][status] += n
			}
		}
	}
	p.say("")
	p.say("## %s", title)
	p.say("")
	if title == spoiled {
		p.say("A request counts in each of its parts that was spoiled.")
		p.say("")
	}
	p.say("| %s | requests | answers |", what)
	p.say("|---|---|---|")
	whole := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(sum)) {
		total := 0
		for status, n := range sum[name] {
			whole[status] += n
			total += n
		}
		p.say("| %s | %s | %s |", name, thousands(total), told(sum[name]))
	}
	if title != spoiled {
		p.say("| **all** | | %s |", told(whole))
	}
}

func told(statuses map[string]int) string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(statuses)) {
		parts = append(parts, fmt.Sprintf("%s: %s", status, thousands(statuses[status])))
	}
	return strings.Join(parts, ", ")
}

// thousands puts commas into a number.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	barWidth = 30
	barEvery = 100 * time.Millisecond
	tellTime = 5 * time.Second
)

// progress shows how far a long command is: a bar on a terminal, and elsewhere a line now and then, so that
// a log of it stays short.
type progress struct {
	out   io.Writer
	bar   bool
	total int64 // bytes; 0 if nobody knows
	now   func() time.Time

	began, shown time.Time
	drawn        bool // a bar stands on the last line
}

func newProgress(out io.Writer, total int64, now func() time.Time) *progress {
	at := now()
	return &progress{out: out, bar: isTerminal(out), total: total, now: now, began: at, shown: at}
}

// show says that so many bytes, which are so many lines, are dealt with.
func (p *progress) show(done int64, lines int) {
	at, every := p.now(), tellTime
	if p.bar {
		every = barEvery
	}
	if at.Sub(p.shown) < every {
		return
	}
	p.shown = at
	if p.bar {
		p.drawn = true
		fmt.Fprintf(p.out, "\r%s\x1b[K", p.text(done, lines, at.Sub(p.began)))
		return
	}
	fmt.Fprintln(p.out, p.text(done, lines, at.Sub(p.began)))
}

// clear takes the bar away, for another text or for good.
func (p *progress) clear() {
	if p.drawn {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.drawn = false
	}
}

func (p *progress) text(done int64, lines int, after time.Duration) string {
	rate := fmt.Sprintf("%d lines, %.0f a second", lines, float64(lines)/after.Seconds())
	if p.total <= 0 || done <= 0 {
		return rate
	}
	part := min(1, float64(done)/float64(p.total))
	left := time.Duration(float64(after) * (1 - part) / part).Round(time.Second)
	text := fmt.Sprintf("%3.0f%%  %s, %s left", 100*part, rate, left)
	if !p.bar {
		return strings.TrimSpace(text)
	}
	full := int(part * barWidth)
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", barWidth-full) + "] " + text
}

package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// screen prints lines of at most 80 columns. Colours only underline what the words say.
type screen struct {
	out     io.Writer
	colours bool
	acts    int
}

const (
	bold  = "1"
	faint = "2"
	red   = "31"
	green = "32"
	cyan  = "36"
)

func (s *screen) paint(colour, text string) string {
	if !s.colours {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

func (s *screen) line(text string) { fmt.Fprintln(s.out, strings.TrimRight("  "+text, " ")) }

func (s *screen) title(name, what string) {
	s.line("")
	s.line(s.paint(bold, name) + "  " + s.paint(faint, what))
	s.line(s.paint(faint, strings.Repeat("─", 76)))
}

// act begins a part of the story.
func (s *screen) act(what string) {
	s.acts++
	s.line("")
	s.line(s.paint(cyan, fmt.Sprintf("%d", s.acts)) + "  " + s.paint(bold, what))
	s.line("")
}

// event is a line of the timeline: when, who was asked for what, what was answered, and what that means.
func (s *screen) event(at time.Duration, who, request string, status int, meaning string) {
	colour := green
	if status >= 400 {
		colour = red
	}
	s.line(fmt.Sprintf("%s   %s %-14s %s  %s", s.paint(faint, milliseconds(at)), s.paint(faint, fmt.Sprintf("%-5s", who)),
		request, s.paint(colour, fmt.Sprint(status)), meaning))
}

// typed is a line of the timeline for what an operator types.
func (s *screen) typed(at time.Duration, text string) {
	s.line(s.paint(faint, milliseconds(at)) + "   " + s.paint(bold, "$ "+text))
}

// note explains what was just seen, under the events.
func (s *screen) note(format string, args ...any) {
	for text := range strings.Lines(fmt.Sprintf(format, args...)) {
		s.line(strings.Repeat(" ", 12) + strings.TrimSpace(text))
	}
}

// fact is a note that is worth reading first.
func (s *screen) fact(format string, args ...any) {
	s.line(strings.Repeat(" ", 10) + s.paint(green, "▸ ") + s.paint(bold, fmt.Sprintf(format, args...)))
}

// milliseconds is a moment in nine columns.
func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%6.0f ms", float64(d)/float64(time.Millisecond))
}

// precisely is a short time, to a tenth of a millisecond.
func precisely(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

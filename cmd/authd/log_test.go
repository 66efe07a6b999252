package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"unicode"

	"github.com/authd/authd/internal/auth"
)

// hostile holds what moves a cursor, starts a line or turns text around: as a user agent, a username
// or a kid it would write the log's next line.
const hostile = "a\r\nINFO all is well\x1b[2J\u009b31m\u0085\u202e\x00\x7f"

// F25
func TestNothingInALogLineReachesTheTerminalAsAnOrder(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "human"} {
		var out bytes.Buffer
		log := newLogger(&out, logSettings{LogFormat: format})
		log.With("with", hostile).WithGroup("group").Info(hostile, "user_agent", hostile, "error", errors.New(hostile), hostile, 1)
		line, rest, ok := strings.Cut(out.String(), "\n")
		if !ok || rest != "" {
			t.Errorf("%s: got more than one line: %q", format, out.String())
		}
		for _, r := range line {
			if unicode.IsControl(r) {
				t.Errorf("%s: control character %U came through: %q", format, r, line)
			}
		}
		if strings.Contains(line, "\x1b") || format == "human" && strings.Contains(line, "\u202e") {
			t.Errorf("%s: got %q", format, line)
		}
	}
}

func TestJSONLinesKeepWhatWasEscaped(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	newLogger(&out, logSettings{LogFormat: "json"}).Info("m", "user_agent", hostile)
	var line struct {
		UserAgent string `json:"user_agent"`
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%v in %q", err, out.String())
	}
	if line.UserAgent != hostile {
		t.Errorf("got %q, want %q", line.UserAgent, hostile)
	}
}

func TestHumanLineHasTimeLevelMessageAndValues(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := newLogger(&out, logSettings{LogFormat: "human"})
	log.With("node", "a").Warn("store is slow", "took", "2s")
	log.Info("listening")
	log.Debug("unseen")
	lines := strings.SplitAfter(out.String(), "\n")
	if len(lines) != 3 || lines[2] != "" {
		t.Fatalf("got %q, want two lines", out.String())
	}
	const clock = "15:04:05.000 "
	if got, want := lines[0][len(clock):], "WARN  store is slow node=a took=2s\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := lines[1][len(clock):], "INFO  listening\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLinesAreJSONWhereThereIsNoTerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	newLogger(&out, logSettings{LogLevel: slog.LevelDebug}).Debug("seen")
	if !json.Valid(out.Bytes()) || !strings.Contains(out.String(), `"msg":"seen"`) {
		t.Errorf("got %q, want a JSON line", out.String())
	}
}

// I1
func TestSecretsAreRedactedInBothFormats(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "human"} {
		var out bytes.Buffer
		secret := auth.NewSecret("canary")
		newLogger(&out, logSettings{LogFormat: format}).Info("m", "a", secret, "b", &secret, "c", struct{ S auth.Secret }{secret})
		if strings.Contains(out.String(), "canary") {
			t.Errorf("%s: got %q", format, out.String())
		}
	}
}

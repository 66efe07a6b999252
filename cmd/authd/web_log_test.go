package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestAnOperatorHearsThatNoMoreConnectionsAreTaken(t *testing.T) {
	t.Parallel()
	var written bytes.Buffer
	to := serverLog(slog.New(slog.NewTextHandler(&written, &slog.HandlerOptions{Level: slog.LevelInfo})))
	to.Print("http: TLS handshake error from 192.0.2.7:4711: EOF")
	if got := written.String(); got != "" {
		t.Errorf("what anybody can cause was written: %s", got)
	}
	to.Print("http: Accept error: accept tcp: too many open files; retrying in 5ms")
	if got := written.String(); !strings.Contains(got, "level=WARN") || strings.Count(got, "\n") != 1 {
		t.Errorf("got %q, want one line of warning", got)
	}
}

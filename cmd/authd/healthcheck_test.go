package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// check runs healthcheck against addr and returns its exit status and both outputs as one.
func check(t *testing.T, addr string) (status int, out string) {
	t.Helper()
	var both bytes.Buffer
	status = run(t.Context(), []string{"healthcheck"}, process{
		environ: []string{"AUTHD_ADDR=" + addr, "HTTP_PROXY=http://127.0.0.1:1"},
		stdin:   strings.NewReader(""), stdout: &both, stderr: &both,
	})
	return status, both.String()
}

func TestHealthcheckAsksReadyz(t *testing.T) {
	t.Parallel()
	tests := []struct {
		claim  string
		status int
		want   int
		line   string
	}{
		{"ready", http.StatusOK, exitOK, "ready\n"},
		{"not ready", http.StatusServiceUnavailable, exitFailure, "answered 503 Service Unavailable\n"},
		{"another service", http.StatusNotFound, exitFailure, "answered 404 Not Found\n"},
		{"a redirect, not followed", http.StatusFound, exitFailure, "answered 302 Found\n"},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			t.Parallel()
			asked := make(chan string, 1)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked <- r.Method + " " + r.URL.Path
				w.Header().Set("Location", "/livez")
				w.WriteHeader(tt.status)
			}))
			defer server.Close()
			status, out := check(t, server.Listener.Addr().String())
			if status != tt.want || !strings.HasSuffix(out, tt.line) || strings.Count(out, "\n") != 1 {
				t.Errorf("got status %d, %q; want %d and one line that ends in %q", status, out, tt.want, tt.line)
			}
			if got := <-asked; got != "GET /readyz" {
				t.Errorf("asked %s, want GET /readyz", got)
			}
		})
	}
}

func TestHealthcheckFailsWhereNobodyListens(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	if status, out := check(t, server.Listener.Addr().String()); status != exitFailure || !strings.Contains(out, "no answer") {
		t.Errorf("got status %d, %q", status, out)
	}
}

func TestProbeCallsWhatListensEverywhereByLoopback(t *testing.T) {
	t.Parallel()
	tests := []struct{ addr, want string }{
		{"127.0.0.1:8080", "http://127.0.0.1:8080/readyz"},
		{":8080", "http://127.0.0.1:8080/readyz"},
		{"0.0.0.0:8080", "http://127.0.0.1:8080/readyz"},
		{"[::]:8080", "http://[::1]:8080/readyz"},
		{"[::1]:9", "http://[::1]:9/readyz"},
		{"10.1.2.3:80", "http://10.1.2.3:80/readyz"},
		{"localhost:8080", "http://localhost:8080/readyz"},
	}
	for _, tt := range tests {
		if got, err := probeURL(tt.addr); err != nil || got != tt.want {
			t.Errorf("probeURL(%q) = %q, %v; want %q", tt.addr, got, err, tt.want)
		}
	}
	if _, err := probeURL("127.0.0.1:0"); err == nil {
		t.Error("port 0 was taken")
	}
}

func TestHelpIsASuccess(t *testing.T) {
	t.Parallel()
	if status := run(t.Context(), []string{"--help"}, process{stdout: io.Discard, stderr: io.Discard}); status != exitOK {
		t.Errorf("got status %d, want %d", status, exitOK)
	}
}

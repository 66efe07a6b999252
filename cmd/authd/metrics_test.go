//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// scrape is what an operator's Prometheus sees.
func scrape(t *testing.T, c *child) string {
	t.Helper()
	response, err := http.Get("http://" + c.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var page bytes.Buffer
	if _, err := page.ReadFrom(response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("/metrics: %d, error %v\n%s", response.StatusCode, err, page.String())
	}
	if got := response.Header.Get("Content-Type"); got != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("the page is %q", got)
	}
	return page.String()
}

// A number that is counted and never moves is worse than none: somebody watches it.
func TestWhatAServerDoesIsInItsMetrics(t *testing.T) {
	t.Parallel()
	c, err := startServer(t.TempDir(), nil, "--bcrypt-cost=10")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	if err := c.await("serving"); err != nil {
		t.Fatal(err)
	}
	c.call(t, "POST", "/register", ada)
	pair := c.pair(t, "/login", ada)
	c.call(t, "POST", "/login", strings.Replace(ada, `word":"`, `word":"not `, 1))
	next := c.pair(t, "/refresh", pair.refresh())
	c.pair(t, "/refresh", pair.refresh())
	c.call(t, "POST", "/refresh", `{"refresh_token":"not one"}`)
	c.call(t, "POST", "/logout", next.refresh())
	c.call(t, "GET", "/nowhere/"+pair.RefreshToken, "")
	for _, cursor := range []string{"", "", "?cursor=AAAAAAAAAAAAAAAA.7.0000000000000007"} {
		c.call(t, "GET", "/revocations"+cursor, "")
	}
	page := scrape(t, c)
	for _, want := range []string{
		`authd_http_requests_total{route="/login",method="POST",status="2xx"} 1`,
		`authd_http_requests_total{route="/login",method="POST",status="4xx"} 1`,
		`authd_http_requests_total{route="none",method="GET",status="4xx"} 1`,
		`authd_http_request_duration_seconds_count{route="/refresh"} 3`,
		`authd_http_requests_in_flight 1`, // this one
		`authd_forwarding_ignored_total 0`,
		`authd_logins_total{outcome="succeeded"} 1`, `authd_logins_total{outcome="invalid_credentials"} 1`,
		`authd_refreshes_total{outcome="rotated"} 1`, `authd_refreshes_total{outcome="retried"} 1`,
		`authd_refreshes_total{outcome="refresh_token_invalid"} 1`,
		`authd_access_tokens_minted_total 3`,
		`authd_events_total{name="session.retried",reason=""} 1`, `authd_session_ends_total{reason="logout"} 1`,
		`authd_lane_batch_size_count{lane="rotations"} 2`, `authd_lane_batch_size_sum{lane="deaths"} 1`,
		`authd_lane_waiting{lane="deaths"} 0`, `authd_password_waiting 0`, `authd_password_wait_seconds_count 3`,
		`authd_audit_dropped_total 0`, `authd_live_kills 1`, `authd_store_forks_total 0`,
		`authd_feed_pages_signed_total 1`, `authd_feed_foreign_cursors_total 1`, `authd_feed_held_polls 0`,
	} {
		if !strings.Contains(page, want+"\n") {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, want := range []string{`authd_build_info\{version="[^"]+",commit="[^"]+"\} 1`, `go_goroutines \d+`, `authd_audit_waiting \d`} {
		if !regexp.MustCompile(`(?m)^` + want + `$`).MatchString(page) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if t.Failed() {
		t.Log(page)
	}
	if err := c.end(syscall.SIGINT); err != nil {
		t.Error(err)
	}
}

// I4: paths, methods, names and texts of errors are the client's or nobody's.
func TestLabelsAreNotTheClients(t *testing.T) {
	t.Parallel()
	m := newMeters()
	m.tokens().Refreshed(auth.CodeOf(fmt.Errorf("canary: %w", &auth.Error{Public: "canary", Err: errors.New("canary")})))
	m.storeFailed("read a user", errors.New("canary"))
	m.storeFailed("read a user", tokens.ErrWriteConflict.Because(errors.New("canary")))
	m.storeFailed("read a user", auth.ErrUnavailable.Because(errors.New("canary")))
	m.record(context.Background(), audit.Event{Name: audit.LoginFailed, Subject: "canary", UserAgent: "canary"})
	m.waited(time.Second)
	w := httptest.NewRecorder()
	m.ServeHTTP(w, nil)
	page := w.Body.String()
	if strings.Contains(page, "canary") {
		t.Errorf("the page has what it was not to be told:\n%s", page)
	}
	for _, want := range []string{`authd_refreshes_total{outcome="internal_error"} 1`,
		`authd_store_errors_total{operation="read a user",kind="internal"} 1`,
		`authd_store_errors_total{operation="read a user",kind="conflict"} 1`,
		`authd_store_errors_total{operation="read a user",kind="unavailable"} 1`} {
		if !strings.Contains(page, want+"\n") {
			t.Errorf("the page lacks %s", want)
		}
	}
}

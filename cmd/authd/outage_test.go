//go:build unix

package main

import (
	"context"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authd/authd/internal/store/pgtest"
)

// call asks a server and returns the status, Retry-After and the body.
func (c *child) call(t *testing.T, method, path, body string) (status int, after, answer string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+c.addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header.Get("Retry-After"), string(text)
}

// awaitReady asks until the server is ready.
func (c *child) awaitReady(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for pause := time.NewTicker(20 * time.Millisecond); ; {
		if status, _, _ := c.call(t, "GET", "/readyz", ""); status == http.StatusOK {
			return time.Since(began)
		}
		select {
		case <-ctx.Done():
			t.Fatal("the server did not become ready")
		case <-pause.C:
		}
	}
}

// outage is a server on a PostgreSQL of its own, with one user.
type outage struct {
	*child
	db *pgtest.Server
}

const ada = `{"username":"ada","password":"a cup of tea at four"}`

// newOutage makes the schema and the user, and starts the server while the database is down.
func newOutage(t *testing.T) outage {
	t.Helper()
	dir := t.TempDir()
	db := pgtest.NewServer(t, pgtest.Config{})
	environ := []string{"AUTHD_DATABASE_URL=" + db.URL(), "AUTHD_MASTER_KEY=" + drawn('o'), "AUTHD_BCRYPT_COST=10"}
	command := func(stdin string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), filepath.Join(binary, "authd"), args...)
		cmd.Dir, cmd.Env, cmd.Stdin = dir, environ, strings.NewReader(stdin)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("authd %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	command("", "migrate", "up")
	command("a cup of tea at four", "users", "create", "ada")
	if err := db.Stop(); err != nil {
		t.Fatal(err)
	}
	c, err := startServer(dir, environ)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	if err := c.await("the database cannot be reached, trying on"); err != nil {
		t.Fatal(err)
	}
	return outage{c, db}
}

// down checks what a server says whose database is away.
func (o outage) down(t *testing.T) {
	t.Helper()
	if status, _, _ := o.call(t, "GET", "/livez", ""); status != http.StatusOK {
		t.Errorf("/livez: got %d, want 200", status)
	}
	for _, r := range []struct{ method, path, body string }{{"GET", "/readyz", ""}, {"POST", "/login", ada}, {"POST", "/register", ada}} {
		status, after, answer := o.call(t, r.method, r.path, r.body)
		if status != http.StatusServiceUnavailable || after == "" {
			t.Errorf("%s: got %d, Retry-After %q, %s; want 503 and a Retry-After", r.path, status, after, answer)
		}
	}
}

// G1, G2
func TestADatabaseThatIsDownIsWaitedForAtStartAndLater(t *testing.T) {
	t.Parallel()
	o := newOutage(t)
	o.down(t)
	if err := o.db.Start(); err != nil {
		t.Fatal(err)
	}
	t.Logf("served %v after the database was back", o.awaitReady(t))
	if status, _, answer := o.call(t, "POST", "/login", ada); status != http.StatusOK {
		t.Errorf("login: got %d, %s", status, answer)
	}

	if err := o.db.Kill(); err != nil {
		t.Fatal(err)
	}
	o.down(t)
	if err := o.db.Start(); err != nil {
		t.Fatal(err)
	}
	t.Logf("served %v after the database was back", o.awaitReady(t))
	if status, _, answer := o.call(t, "POST", "/login", ada); status != http.StatusOK {
		t.Errorf("login: got %d, %s", status, answer)
	}
	if err := o.end(syscall.SIGINT); err != nil {
		t.Error(err)
	}
}

func TestAStartThatWaitsForItsDatabaseCanBeStopped(t *testing.T) {
	t.Parallel()
	if err := newOutage(t).end(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}

//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/store/sqlite"
)

// I7: who did what, when and from where is in the table, not in the log alone. What was recorded last
// is written before the store closes.
func TestWhatHappensIsInTheAudit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c, err := startServer(dir, nil, "--bcrypt-cost=10")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	if err := c.await("serving"); err != nil {
		t.Fatal(err)
	}
	if status, _, answer := c.call(t, "POST", "/register", ada); status != http.StatusCreated {
		t.Fatalf("register: got %d %s", status, answer)
	}
	pair := c.pair(t, "/login", ada)
	c.call(t, "POST", "/login", strings.Replace(ada, `word":"`, `word":"not `, 1))
	pair = c.pair(t, "/refresh", pair.refresh())
	command := exec.Command(filepath.Join(binary, "authd"), "users", "create", "bob", "--bcrypt-cost=10")
	command.Dir, command.Env, command.Stdin = dir, nil, strings.NewReader("a cup of tea at four\n")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("users create: %v\n%s", err, out)
	}
	c.call(t, "POST", "/logout", pair.refresh())
	if err := c.end(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}

	records := recordsIn(t, filepath.Join(dir, "authd-data", databaseFile))
	var got []string
	for _, r := range records {
		got = append(got, string(r.Actor)+" "+string(r.Name)+" "+string(r.Reason))
		if r.Actor == audit.User && (!r.Address.IsLoopback() || r.UserAgent == "") {
			t.Errorf("%s came from %v with %q", r.Name, r.Address, r.UserAgent)
		}
		if ended := r.Name == audit.SessionEnded; ended && (r.User == [16]byte{} || r.Session == [16]byte{}) {
			t.Errorf("%+v does not say whose end it is", r)
		}
	}
	want := []string{"user user.registered ", "user login.succeeded ", "user login.failed ", "cli user.created ", "user session.ended logout"}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	logged := eventsIn(t, c.log.String())
	byServer := slices.DeleteFunc(want, func(e string) bool { return strings.HasPrefix(e, "cli ") })
	if !slices.Equal(logged, byServer) {
		t.Errorf("the log tells of %q, and the audit of %q", logged, byServer)
	}
}

// eventsIn reads the events out of a log, in the form that the test above has of records.
func eventsIn(t *testing.T, log string) (events []string) {
	t.Helper()
	for text := range strings.Lines(log) {
		var line struct{ Msg, Actor, Reason string }
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if line.Actor != "" {
			events = append(events, line.Actor+" "+line.Msg+" "+line.Reason)
		}
	}
	slices.Sort(events)
	return events
}

func recordsIn(t *testing.T, path string) []audit.Record {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	records, err := s.Records(t.Context(), audit.Query{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func TestMissingEventsAreSaidOnceAMinute(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	d := newDropped(slog.New(slog.NewTextHandler(&out, nil)), func() time.Time { return now })
	for range 120 {
		d.add(2, errors.New("gone"))
		now = now.Add(time.Second)
	}
	d.add(1, errors.New("gone"))
	if got := out.String(); strings.Count(got, "\n") != 3 || strings.Count(got, "events=2 ") != 1 || strings.Count(got, "events=120 ") != 1 ||
		strings.Count(got, "events=119 ") != 1 {
		t.Errorf("got\n%s", got)
	}
}

// Anybody can flood the audit. It must neither sound like a store that fails, nor keep quiet about one that does.
func TestAFloodIsNoFaultAndHidesNone(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	d := newDropped(slog.New(slog.NewTextHandler(&out, nil)), func() time.Time { return now })
	d.add(1, audit.ErrFlood)
	if got := out.String(); !strings.Contains(got, "level=WARN") || strings.Contains(got, "level=ERROR") {
		t.Errorf("of a flood: got\n%s", got)
	}
	d.add(2, errors.New("gone"))
	if got := out.String(); !strings.Contains(got, "level=ERROR") || !strings.Contains(got, "events=2 error=gone") {
		t.Errorf("of a store that is gone, during a flood: got\n%s", got)
	}
}

func TestACommandThatCouldNotRecordSaysThatItIsDone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "authd.db")
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	record := audit.NewCommand(s, time.Now, bytes.NewReader(make([]byte, 64)))
	if err := unrecorded(record); err != nil {
		t.Errorf("nothing was recorded: got %v", err)
	}
	record.Record(context.Background(), audit.Event{Name: audit.UserCreated})
	if err := unrecorded(record); err == nil || !strings.HasPrefix(err.Error(), "it is done, but") {
		t.Errorf("got %v", err)
	}
}

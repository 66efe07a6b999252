package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/authd/authd/verify"
)

// unready is the service with a verifier that has never heard of authd.
func unready(t *testing.T) http.Handler {
	t.Helper()
	verifier, err := verify.New(verify.Config{Issuer: "http://127.0.0.1:1", Audience: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	handler, err := routes(verifier, newNotebook())
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

func TestNobodyPassesWithoutATokenOrWithoutNewsOfRevocations(t *testing.T) {
	t.Parallel()
	service := unready(t)
	for _, c := range []struct {
		method, path, authorization string
		want                        int
	}{
		{"GET", "/livez", "", http.StatusOK},
		{"GET", "/readyz", "", http.StatusServiceUnavailable},
		{"GET", "/notes", "", http.StatusUnauthorized},
		{"POST", "/notes", "", http.StatusUnauthorized},
		{"DELETE", "/notes/x", "", http.StatusUnauthorized},
		{"GET", "/stats", "", http.StatusUnauthorized},
		{"GET", "/export", "", http.StatusUnauthorized},
		{"GET", "/stats", "Bearer a.b.c", http.StatusServiceUnavailable},
		{"GET", "/export", "Bearer a.b.c", http.StatusServiceUnavailable},
		{"GET", "/notes", "Bearer a.b.c", http.StatusServiceUnavailable},
		{"POST", "/notes", "Bearer a.b.c", http.StatusServiceUnavailable},
		{"DELETE", "/notes/x", "Bearer a.b.c", http.StatusServiceUnavailable},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, c.path, strings.NewReader(`{"text":"milk"}`))
		if c.authorization != "" {
			r.Header.Set("Authorization", c.authorization)
		}
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s %s with %q: got %d, want %d", c.method, c.path, c.authorization, w.Code, c.want)
		}
	}
}

func TestANoteIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	b := newNotebook()
	n, err := b.add("ada", "milk")
	if err != nil {
		t.Fatal(err)
	}
	if got := b.of("ben"); got == nil || len(got) != 0 {
		t.Errorf("ben's notes: got %v, want an empty list", got)
	}
	if b.remove("ben", n.ID) {
		t.Error("ben deleted a note of ada's")
	}
	if got := b.of("ada"); len(got) != 1 || got[0] != n {
		t.Errorf("ada's notes: got %v, want %v alone", got, n)
	}
	if !b.remove("ada", n.ID) || b.remove("ada", n.ID) {
		t.Error("a note can be deleted once")
	}
}

func TestWhatEverybodyHasIsCountedAndCopied(t *testing.T) {
	t.Parallel()
	b := newNotebook()
	for _, owner := range []string{"ada", "ada", "ben"} {
		if _, err := b.add(owner, "milk"); err != nil {
			t.Fatal(err)
		}
	}
	b.remove("ben", b.of("ben")[0].ID)
	if owners, notes := b.count(); owners != 1 || notes != 2 {
		t.Errorf("got %d notes of %d users, want 2 of 1", notes, owners)
	}
	b.all()["ada"][0].Text = "bread"
	if got := b.of("ada")[0].Text; got != "milk" {
		t.Errorf("a note says %q after a change of a copy", got)
	}
}

func TestANotebookHasAnEnd(t *testing.T) {
	t.Parallel()
	b := newNotebook()
	for range maxNotes {
		if _, err := b.add("ada", "milk"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.add("ada", "milk"); err != errFull {
		t.Errorf("got %v, want %v", err, errFull)
	}
	if _, err := b.add("ben", "milk"); err != nil {
		t.Errorf("ben's notes are his own: %v", err)
	}
}

func TestTheDefaultsFitAnAuthdWithoutSettings(t *testing.T) {
	t.Parallel()
	got := readConfig(func(string) string { return "" })
	want := config{addr: "127.0.0.1:8090", issuer: "http://127.0.0.1:8080", audience: "http://127.0.0.1:8080"}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

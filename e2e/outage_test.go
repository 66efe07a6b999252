//go:build unix

package e2e

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/authd/authd/internal/store/pgtest"
)

// G1: whoever starts before the database waits for it, and needs nobody to start it again.
func TestG1ProcessesThatStartBeforeTheirDatabaseWaitForIt(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, pgtest.Config{})
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	d := onPostgres(t, server.URL())
	all := make([]*process, 2)
	for i := range all {
		all[i] = d.launch(t, "")
		all[i].await(t, "the database cannot be reached, trying on")
	}
	for _, p := range all {
		wantDown(t, p)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	back := time.Now()
	for _, p := range all {
		awaitReady(t, p)
	}
	t.Logf("both are ready %v after the database was back", time.Since(back))
	opened := signUp(t, all[0], "ada")
	refresh(t, all[1], opened.RefreshToken)
}

// G2: the database is killed under load, and shut down, again and again. authd says so, loses nothing,
// and goes on when it is back.
func TestG2ADatabaseThatGoesDownTakesNothingAcknowledgedWithIt(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, pgtest.Config{})
	outages := []func() error{server.Kill, server.Stop, server.Kill, server.Stop}
	if testing.Short() {
		outages = outages[:2]
	}
	d := onPostgres(t, server.URL())
	s, random := newSoak(t, d, 6)
	s.run(t, d, func(ctx context.Context) {
		for _, down := range outages {
			if !s.traffic(ctx, 50+random.Int64N(200)) {
				return
			}
			if err := down(); err != nil {
				t.Fatal(err)
			}
			for _, p := range s.fleet.all() {
				wantDown(t, p)
				// Other services go on: what they verify with needs no database.
				if a := ask(t, p, request{path: "/.well-known/jwks.json"}); a.status != http.StatusOK {
					t.Errorf("the key set: got %v, want 200", a)
				}
			}
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			back := time.Now()
			for _, p := range s.fleet.all() {
				awaitReady(t, p)
			}
			t.Logf("all are ready %v after the database was back", time.Since(back))
		}
	})
	if s.unavailable.Load() == 0 {
		t.Error("no device saw a 503")
	}
}

// wantDown checks what authd says while its database is away. It is alive: a restart would not help.
func wantDown(t *testing.T, p *process) {
	t.Helper()
	if a := ask(t, p, request{path: "/livez"}); a.status != http.StatusOK {
		t.Errorf("/livez: got %v, want 200", a)
	}
	wantUnavailable(t, ask(t, p, request{path: "/readyz"}))
	wantUnavailable(t, ask(t, p, request{path: "/login", body: user("ada")}))
	wantUnavailable(t, ask(t, p, request{path: "/register", body: user("ada")}))
}

func awaitReady(t *testing.T, p *process) {
	t.Helper()
	eventually(t, "authd is ready", func() bool {
		return ask(t, p, request{path: "/readyz"}).status == http.StatusOK
	})
}

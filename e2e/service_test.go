//go:build unix

package e2e

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/authd/authd/verify"
)

// tightest is the least budget that a verifier may have. Tests that let one run out wait for as long.
const tightest = 10 * time.Second

// service is a service behind authd with a verifier of its own, as a process of its own would have.
type service struct {
	*verify.Verifier
	name    string
	handler http.Handler // answers 200 behind the middleware
}

// startService starts a service that reaches authd by an address, and does not wait for anything.
func startService(t testing.TB, name, addr string, budget time.Duration) *service {
	t.Helper()
	transport := http.DefaultTransport.(*http.Transport).Clone() // connections that nobody else has
	v, err := verify.New(verify.Config{Issuer: issuer, Audience: issuer, URL: "http://" + addr, MaxStaleness: budget,
		HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- v.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", name, err)
		}
		transport.CloseIdleConnections()
	})
	return &service{v, name, v.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))}
}

// following is startService for a service that is ready.
func following(t testing.TB, name, addr string, budget time.Duration) *service {
	t.Helper()
	s := startService(t, name, addr, budget)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.WaitReady(ctx); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s
}

// status is what a client gets who shows a token.
func (s *service) status(t testing.TB, token string) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Code
}

func (s *service) wantAccepts(t testing.TB, token string) {
	t.Helper()
	if got := s.status(t, token); got != http.StatusOK {
		_, err := s.Token(t.Context(), token)
		t.Errorf("%s: got %d (%v), want 200", s.name, got, err)
	}
}

// awaitRefused waits until the service answers 401. Whatever the order of events is, a token is good, or
// nobody knows, or it is dead: once it was dead it stays so, and once nobody knew it was never good again.
func (s *service) awaitRefused(t testing.TB, token string) {
	t.Helper()
	stale := false
	eventually(t, s.name+" refuses the token", func() bool {
		switch got := s.status(t, token); got {
		case http.StatusOK:
			if stale {
				t.Fatalf("%s: a token of an ended session was accepted after nobody knew about it", s.name)
			}
			return false
		case http.StatusServiceUnavailable:
			stale = true
			return false
		case http.StatusUnauthorized:
			return true
		default:
			t.Fatalf("%s: got %d", s.name, got)
			return false
		}
	})
	if _, err := s.Token(t.Context(), token); !errors.Is(err, verify.ErrRevoked) {
		t.Errorf("%s: got %v, want %v", s.name, err, verify.ErrRevoked)
	}
}

// awaitStale waits until the budget is spent. Until then the token is accepted, and never is the answer
// 401: that would send every client of the service to refresh at once.
func (s *service) awaitStale(t testing.TB, token string) {
	t.Helper()
	eventually(t, s.name+" is stale", func() bool {
		switch got := s.status(t, token); got {
		case http.StatusOK:
			return false
		case http.StatusServiceUnavailable:
			return true
		default:
			t.Fatalf("%s: got %d, want 200 and at last 503", s.name, got)
			return false
		}
	})
	if _, err := s.Token(t.Context(), token); !errors.Is(err, verify.ErrStale) {
		t.Errorf("%s: got %v, want %v", s.name, err, verify.ErrStale)
	}
}

// awaitAccepts waits until the service has healed, by itself.
func (s *service) awaitAccepts(t testing.TB, token string) {
	t.Helper()
	eventually(t, s.name+" accepts the token again", func() bool {
		got := s.status(t, token)
		if got == http.StatusUnauthorized {
			t.Fatalf("%s: got 401 for a good token", s.name)
		}
		return got == http.StatusOK
	})
}

// logOut ends the session of a refresh token.
func logOut(t testing.TB, p *process, token string) {
	t.Helper()
	if a := ask(t, p, loggingOut(token)); a.status != http.StatusNoContent {
		t.Fatalf("logout: got %v, want 204", a)
	}
}

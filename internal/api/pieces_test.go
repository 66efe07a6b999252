package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/pieces"
	"github.com/authd/authd/internal/tokens"
)

// steady stands for services that answer at once, so that what remains is what HTTP costs.
type steady struct {
	broken
	pair tokens.Pair
}

func (s steady) Login(context.Context, accounts.Login) (tokens.Pair, error) { return s.pair, s.err }

func (s steady) Refresh(context.Context, string, tokens.Origin) (tokens.Pair, error) {
	return s.pair, s.err
}

// aPair is one in its length.
var aPair = tokens.Pair{AccessToken: strings.Repeat("a", 550), ExpiresIn: testAccessTTL, RefreshToken: "art_" + strings.Repeat("r", 92),
	RefreshExpiresIn: testIdleTTL, Session: auth.SessionID{1}, SessionExpiresAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}

// through is a request to a whole listener, from the front to the answer, without a connection.
func through(tb testing.TB, services steady, want int, method, path, body string) func() error {
	config := services.config(slog.New(slog.NewJSONHandler(io.Discard, nil)))
	config.Accounts, config.Sessions = services, services
	handler, err := New(config)
	must(tb, err)
	text := strings.NewReader(body)
	r, err := http.NewRequestWithContext(tb.Context(), method, path, text)
	must(tb, err)
	r.RemoteAddr = "192.0.2.7:4711"
	r.Header.Set("Content-Type", mediaJSON)
	r.Header.Set("User-Agent", "test/1")
	return pieces.Holds(func() bool {
		text.Reset(body)
		w := &noted{header: make(http.Header)}
		handler.ServeHTTP(w, r)
		return w.status == want
	})
}

// noted is a ResponseWriter that keeps the status alone.
type noted struct {
	header http.Header
	status int
}

func (n *noted) Header() http.Header         { return n.header }
func (n *noted) Write(b []byte) (int, error) { return len(b), nil }
func (n *noted) WriteHeader(status int)      { n.status = status }

// ofHTTP is what a request costs outside of its own work.
func ofHTTP(tb testing.TB) []pieces.Piece {
	refresh := `{"refresh_token":"` + aPair.RefreshToken + `"}`
	good, wrong := steady{pair: aPair}, steady{broken: broken{err: accounts.ErrInvalidCredentials}}
	fault := problem{Type: aboutBlank, Title: "Unauthorized", Status: 401, Detail: accounts.ErrInvalidCredentials.Public, Code: "invalid_credentials", RequestID: strings.Repeat("i", idLength)}
	return []pieces.Piece{
		pieces.Of("a refresh, without its work", 17, through(tb, good, http.StatusOK, "POST", "/refresh", refresh)),
		pieces.Of("a login, without its work", 20, through(tb, good, http.StatusOK, "POST", "/login", string(loginBody))),
		pieces.Of("a login that is refused, without its work", 29, through(tb, wrong, http.StatusUnauthorized, "POST", "/login", string(loginBody))),
		pieces.Of("a key set", 11, through(tb, good, http.StatusOK, "GET", "/.well-known/jwks.json", "")),
		pieces.Of("a path that is nobody's", 16, through(tb, good, http.StatusNotFound, "GET", "/nobody", "")),
		pieces.Of("read the body of a refresh", 3, func() error { return parse([]byte(refresh), new(rotation)) }),
		pieces.Of("read the body of a login", 5, func() error { return parse(loginBody, new(credentials)) }),
		pieces.Of("write a pair", 6, func() error { return (&exchange{ResponseWriter: nowhere{}}).sendPair(aPair) }),
		pieces.Of("write a problem", 3, pieces.Holds(func() bool { return len(fault.encode()) > 0 })),
	}
}

func TestPiecesOfARequestAllocateNoMoreThanTheyHaveTo(t *testing.T) { pieces.Hold(t, ofHTTP(t)) }

func BenchmarkPieces(b *testing.B) { pieces.Bench(b, ofHTTP(b)) }

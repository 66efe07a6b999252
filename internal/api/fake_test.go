package api

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// broken stands for services of which every method fails in one way, or panics: what real ones do too
// rarely to wait for.
type broken struct {
	err    error
	thrown any
}

func (b broken) fail() error {
	if b.thrown != nil {
		panic(b.thrown)
	}
	return b.err
}

func (b broken) Register(context.Context, string, string, tokens.Origin) (accounts.User, error) {
	return accounts.User{}, b.fail()
}

func (b broken) Login(context.Context, accounts.Login) (tokens.Pair, error) {
	return tokens.Pair{}, b.fail()
}

func (b broken) User(context.Context, auth.UserID) (accounts.User, error) {
	return accounts.User{}, b.fail()
}

func (b broken) ChangePassword(context.Context, accounts.PasswordChange) (tokens.Pair, error) {
	return tokens.Pair{}, b.fail()
}

func (b broken) ResetPassword(context.Context, string, string, tokens.Origin) error { return b.fail() }

func (b broken) DeleteOwn(context.Context, tokens.Principal, string, tokens.Origin) error {
	return b.fail()
}

func (b broken) Sessions(context.Context, tokens.Principal) ([]tokens.SessionInfo, error) {
	return nil, b.fail()
}

func (b broken) EndOwn(context.Context, tokens.Principal, auth.SessionID, tokens.Origin) error {
	return b.fail()
}

func (b broken) SessionOf(context.Context, string) (auth.SessionID, error) {
	return auth.SessionID{}, b.fail()
}

func (b broken) Refresh(context.Context, string, tokens.Origin) (tokens.Pair, error) {
	return tokens.Pair{}, b.fail()
}

func (b broken) LogOut(context.Context, tokens.LogOut) error { return b.fail() }

func (b broken) Authenticate(context.Context, string) (tokens.Principal, error) {
	return tokens.Principal{}, b.fail()
}

func (b broken) Poll(context.Context, revocation.Ask) (revocation.Answer, error) {
	return revocation.Answer{}, cmp.Or(b.fail(), error(auth.ErrUnavailable))
}

func (b broken) ready(context.Context) error { return b.fail() }

func (b broken) JWKS() ([]byte, string) {
	_ = b.fail()
	return []byte(`{"keys":[]}`), `"none"`
}

func (b broken) AuthenticateClient(context.Context, string, string, tokens.Origin) (accounts.Client, error) {
	return accounts.Client{ID: auth.ClientID{1}}, b.fail()
}

func (b broken) RefuseRefresh(context.Context, string, auth.ClientID, tokens.Origin) error {
	return cmp.Or(b.fail(), error(tokens.ErrWrongClient))
}

func (b broken) MintForClient(context.Context, tokens.Machine) (string, time.Duration, error) {
	return "a.b.c", time.Minute, b.fail()
}

func (b broken) Introspect(context.Context, string, []string) (tokens.Introspection, bool, error) {
	return tokens.Introspection{}, false, b.fail()
}

func (b broken) RevokePresented(context.Context, string, auth.ClientID, tokens.Origin) error {
	return b.fail()
}

// config is of a public listener whose services are all broken like b.
func (b broken) config(log *slog.Logger) Config {
	return Config{Accounts: b, Sessions: b, Clients: b, Grants: b, Keys: b, Feed: b,
		Issuer: testIssuer, Audience: testAudience, JWKSMaxAge: 5 * time.Minute, Contract: []byte("x"), Ready: b.ready, Origins: testPages,
		Logger: log, Now: time.Now, Random: rand.Reader}
}

// brokenHandler serves services that are broken like b, and returns their log.
func brokenHandler(t testing.TB, b broken) (http.Handler, *logged) {
	t.Helper()
	log := &logged{}
	c := b.config(log.logger())
	c.Contract = mustContract(t).text
	handler, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return handler, log
}

// mustNotYet is the handler of the time before the store was reached.
func mustNotYet(t testing.TB, log *slog.Logger, now func() time.Time, random io.Reader) http.Handler {
	t.Helper()
	handler, err := NotYet(testIssuer, testPages, log, now, random)
	must(t, err)
	return handler
}

// logged is a log in memory.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (l *logged) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// take returns what was logged since it was last taken.
func (l *logged) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return l.text.String()
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

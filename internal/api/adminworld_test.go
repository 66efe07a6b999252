package api

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

const adminToken = "aat_b2ZmaWNpYWxseSBub3QgYSBzZWNyZXQgdG9rZW4"

func secret(text string) auth.Secret { return auth.NewSecret(text) }

// adminConfig is that of a listener whose services are well and know nothing.
func adminConfig(t testing.TB, hosts ...string) AdminConfig {
	t.Helper()
	return AdminConfig{Token: secret(adminToken), Hosts: hosts, Issuer: testIssuer,
		Users: broken{}, Clients: broken{}, Sessions: broken{}, Keys: broken{}, Audit: broken{}, Metrics: broken{},
		Ready:  func(context.Context) error { return nil },
		Logger: new(logged).logger(), Now: time.Now, Random: rand.Reader}
}

// brokenAdmin is [brokenHandler] of the admin listener.
func brokenAdmin(t testing.TB, b broken) (http.Handler, *logged) {
	t.Helper()
	log := &logged{}
	c := adminConfig(t)
	c.Users, c.Clients, c.Sessions, c.Keys, c.Audit, c.Metrics, c.Ready, c.Logger = b, b, b, b, b, b, b.ready, log.logger()
	handler, err := NewAdmin(c)
	must(t, err)
	return handler, log
}

func (b broken) List(context.Context, string, int) ([]accounts.User, error) { return nil, b.fail() }

func (b broken) FindByName(context.Context, string) (accounts.User, error) {
	return accounts.User{}, b.fail()
}

func (b broken) Create(context.Context, string, string, tokens.Origin, ...string) (accounts.User, error) {
	return accounts.User{}, b.fail()
}

func (b broken) Change(context.Context, auth.UserID, accounts.Change, tokens.Origin) (accounts.User, error) {
	return accounts.User{}, b.fail()
}

func (b broken) Revoke(context.Context, auth.UserID, tokens.Origin) error { return b.fail() }

func (b broken) Delete(context.Context, auth.UserID, tokens.Origin) error { return b.fail() }

func (b broken) IssueReset(context.Context, auth.UserID, tokens.Origin) (auth.Secret, time.Time, error) {
	return auth.Secret{}, time.Time{}, b.fail()
}

func (b broken) Clients(context.Context, auth.ClientID, int) ([]accounts.Client, error) {
	return nil, b.fail()
}

func (b broken) CreateClient(context.Context, accounts.NewClient, tokens.Origin) (accounts.Client, auth.Secret, error) {
	return accounts.Client{}, auth.Secret{}, b.fail()
}

func (b broken) RevokeClient(context.Context, auth.ClientID, tokens.Origin) error { return b.fail() }

func (b broken) DeleteClient(context.Context, auth.ClientID, tokens.Origin) error { return b.fail() }

func (b broken) UserSessions(context.Context, auth.UserID) ([]tokens.SessionInfo, error) {
	return nil, b.fail()
}

func (b broken) Timeline(context.Context, auth.SessionID) (tokens.Timeline, error) {
	return tokens.Timeline{}, b.fail()
}

func (b broken) EndSession(context.Context, auth.SessionID, tokens.Origin) error { return b.fail() }

func (b broken) RevokeToken(context.Context, auth.TokenID, tokens.Origin) error { return b.fail() }

func (b broken) Keys(context.Context) ([]tokens.KeyInfo, error) { return nil, b.fail() }

func (b broken) Rotate(context.Context, tokens.Origin) (tokens.KeyInfo, error) {
	return tokens.KeyInfo{KID: someKey, Alg: "ES256", State: tokens.KeyNext}, b.fail()
}

func (b broken) Kill(context.Context, string, tokens.Origin) error { return b.fail() }

func (b broken) Records(context.Context, audit.Query) ([]audit.Record, error) { return nil, b.fail() }

func (b broken) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	_ = b.fail()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write([]byte("# nothing to measure\n"))
}

func newAdminHandler(t testing.TB, hosts ...string) http.Handler {
	t.Helper()
	handler, err := NewAdmin(adminConfig(t, hosts...))
	must(t, err)
	return handler
}

// jtiOf reads the id of an access token.
func jtiOf(t testing.TB, p pair) string {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(p.AccessToken, ".")[1])
	must(t, err)
	var claims struct {
		JTI string `json:"jti"`
	}
	must(t, json.Unmarshal(payload, &claims))
	return claims.JTI
}

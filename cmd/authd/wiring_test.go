//go:build unix

package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A setting that is read and goes nowhere is worse than one that is refused: somebody relies on it.
func TestSettingsReachThePartsThatTheyAreAbout(t *testing.T) {
	t.Parallel()
	c, err := startServer(t.TempDir(), nil, "--bcrypt-cost=10", "--access-ttl=61s", "--refresh-idle-ttl=3h", "--session-ttl=5h",
		"--retry-window=1s", "--sessions-per-user=1", "--password-min-length=12", "--jwks-max-age=77s", "--audience=orders,stock")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	if err := c.await("serving"); err != nil {
		t.Fatal(err)
	}

	if status, _, answer := c.call(t, "POST", "/register", `{"username":"ada","password":"eleven char"}`); status != http.StatusUnprocessableEntity {
		t.Errorf("a password of 11 characters: got %d %s, want 422", status, answer)
	}
	if status, _, answer := c.call(t, "POST", "/register", ada); status != http.StatusCreated {
		t.Fatalf("register: got %d %s", status, answer)
	}
	first := c.pair(t, "/login", ada)
	if first.ExpiresIn != 61 || first.RefreshExpiresIn != 3*60*60 {
		t.Errorf("got lifetimes of %d and %d s, want 61 and 10800", first.ExpiresIn, first.RefreshExpiresIn)
	}
	claims := first.claims(t)
	if claims.Issuer != "http://authd.test" || !slices.Equal(claims.Audience, []string{"orders", "stock"}) {
		t.Errorf("got issuer %q, audience %q", claims.Issuer, claims.Audience)
	}
	if got := first.SessionExpiresAt.Unix() - claims.AuthTime; got != 5*60*60 {
		t.Errorf("the session lives for %d s, want 18000", got)
	}

	second := c.pair(t, "/login", ada)
	if _, _, answer := c.call(t, "POST", "/refresh", first.refresh()); !strings.Contains(answer, "session_revoked") {
		t.Errorf("the first of two sessions: got %s, want session_revoked", answer)
	}
	c.pair(t, "/refresh", second.refresh())
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	answer := ""
	for range 600 { // half of the default, which is a minute
		<-again.C
		if _, _, answer = c.call(t, "POST", "/refresh", second.refresh()); strings.Contains(answer, "refresh_token_reused") {
			break
		}
	}
	if !strings.Contains(answer, "refresh_token_reused") {
		t.Errorf("a parent long after its window: got %s", answer)
	}

	response, err := http.Get("http://" + c.addr + "/.well-known/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := response.Header.Get("Cache-Control"); got != "public, max-age=77, stale-if-error=77" {
		t.Errorf("the key set: got %q", got)
	}
	if _, _, answer := c.call(t, "GET", "/.well-known/oauth-authorization-server", ""); !strings.Contains(answer, `"issuer": "http://authd.test"`) ||
		!strings.Contains(answer, `"http://authd.test/oauth/token"`) {
		t.Errorf("the metadata: got %s", answer)
	}
	if err := c.end(syscall.SIGINT); err != nil {
		t.Error(err)
	}
}

type tokenPair struct {
	AccessToken      string    `json:"access_token"`
	ExpiresIn        int       `json:"expires_in"`
	RefreshToken     string    `json:"refresh_token"`
	RefreshExpiresIn int       `json:"refresh_expires_in"`
	SessionExpiresAt time.Time `json:"session_expires_at"`
}

func (p tokenPair) refresh() string { return `{"refresh_token":"` + p.RefreshToken + `"}` }

type claims struct {
	Issuer   string   `json:"iss"`
	Audience []string `json:"aud"`
	AuthTime int64    `json:"auth_time"`
}

func (p tokenPair) claims(t *testing.T) (c claims) {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(p.AccessToken, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(payload, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// pair makes a request that must be answered by a pair of tokens.
func (c *child) pair(t *testing.T, path, body string) (p tokenPair) {
	t.Helper()
	status, _, answer := c.call(t, "POST", path, body)
	if err := json.Unmarshal([]byte(answer), &p); err != nil || status != http.StatusOK {
		t.Fatalf("%s: got %d %s", path, status, answer)
	}
	return p
}

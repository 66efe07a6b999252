//go:build unix

package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

// A service verifies with a library that is not ours, and with nothing but the published keys.
func TestAUserSignsInAndAServiceVerifiesTheTokenOffline(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, d *deployment) {
		p := d.start(t)
		registered := ask(t, p, request{path: "/register", body: user("Ada")})
		var account struct{ ID, Username string }
		if err := json.Unmarshal(registered.body, &account); err != nil || registered.status != http.StatusCreated || account.Username != "ada" {
			t.Fatalf("register: got %v, want 201 and the name as it is mapped", registered)
		}
		opened := mustPair(t, ask(t, p, request{path: "/login", body: user("ada")}))
		verifier := newVerifier(t, p)
		first := verifier.verify(t, opened.AccessToken)
		first.want(t, account.ID, opened)
		if me := ask(t, p, request{path: "/me", bearer: opened.AccessToken}); me.status != http.StatusOK {
			t.Errorf("/me: got %v, want 200", me)
		}

		next := refresh(t, p, opened.RefreshToken)
		second := verifier.verify(t, next.AccessToken)
		second.want(t, account.ID, opened)
		if second.ID == first.ID || second.AuthTime != first.AuthTime {
			t.Errorf("a refresh must give another token of the same login: got jti %q after %q, auth_time %d after %d",
				second.ID, first.ID, second.AuthTime, first.AuthTime)
		}

		if out := ask(t, p, loggingOut(next.RefreshToken)); out.status != http.StatusNoContent {
			t.Errorf("logout: got %v, want 204", out)
		}
		wantRefused(t, ask(t, p, refreshing(next.RefreshToken)), "session_revoked")
		for _, token := range []string{opened.AccessToken, next.AccessToken} {
			wantRefused(t, ask(t, p, request{path: "/me", bearer: token}), "invalid_token")
		}
	})
}

// verifier is a service as others write it.
type verifier struct {
	keys   keyfunc.Keyfunc
	parser *jwt.Parser
}

func newVerifier(t *testing.T, p *process) verifier {
	t.Helper()
	keys, err := keyfunc.NewDefaultCtx(t.Context(), []string{"http://" + p.addr + "/.well-known/jwks.json"})
	if err != nil {
		t.Fatal(err)
	}
	return verifier{keys, jwt.NewParser(jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(issuer),
		jwt.WithAudience(issuer), jwt.WithExpirationRequired(), jwt.WithIssuedAt())}
}

// claims are those of RFC 9068, section 2.2, with the session.
type claims struct {
	jwt.RegisteredClaims
	ClientID string `json:"client_id"`
	Session  string `json:"sid"`
	AuthTime int64  `json:"auth_time"`
}

// verify wants the token to be good, and not to be so with one character of its signature changed.
func (v verifier) verify(t *testing.T, text string) (c claims) {
	t.Helper()
	token, err := v.parser.ParseWithClaims(text, &c, v.keys.Keyfunc)
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	if got := token.Header["typ"]; got != "at+jwt" {
		t.Errorf("typ: got %v, want at+jwt", got)
	}
	at := strings.LastIndexByte(text, '.') + 1
	other := byte('A')
	if text[at] == other {
		other = 'B'
	}
	if _, err := v.parser.Parse(text[:at]+string(other)+text[at+1:], v.keys.Keyfunc); err == nil {
		t.Error("a token with another signature was verified")
	}
	return c
}

func (c claims) want(t *testing.T, user string, p pair) {
	t.Helper()
	if c.Subject != user || c.Session != p.SessionID || c.ClientID != "authd" || c.ID == "" {
		t.Errorf("got sub %q, sid %q, client_id %q, jti %q; want %q, %q, authd and some id",
			c.Subject, c.Session, c.ClientID, c.ID, user, p.SessionID)
	}
	if got := c.ExpiresAt.Sub(c.IssuedAt.Time); got != 5*time.Minute || p.ExpiresIn != 300 || p.TokenType != "Bearer" {
		t.Errorf("got a lifetime of %v, expires_in %d, %s; want 5m, 300, Bearer", got, p.ExpiresIn, p.TokenType)
	}
}

// G11: one folder, one server, and any number of commands beside it.
func TestASecondServerIsRefusedAndCommandsWorkBesideTheFirst(t *testing.T) {
	t.Parallel()
	d := onSQLite(t)
	p := d.start(t)
	before := signUp(t, p, "ada")
	output, err := d.command(t, "", "serve")
	if err == nil || !strings.Contains(output, "another authd serve runs on the data folder") {
		t.Errorf("a second serve: got %v, %q; want a refusal that says why", err, output)
	}
	if output, err := d.command(t, "a cup of tea at four", "users", "create", "grace"); err != nil {
		t.Fatalf("users create: %v\n%s", err, output)
	}
	mustPair(t, ask(t, p, request{path: "/login", body: user("grace")}))
	refresh(t, p, before.RefreshToken)

	p.kill()
	mustPair(t, ask(t, d.start(t), request{path: "/login", body: user("grace")})) // the lock died with its holder
}

package api

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIntrospectionTellsWhatALiveTokenSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	w.setRoles(t, "ada", "editor")
	p := w.login(t, "ada")
	id, secret := w.client(t, nil, nil)
	var me struct {
		ID        string   `json:"id"`
		Username  string   `json:"username"`
		Roles     []string `json:"roles"`
		CreatedAt string   `json:"created_at"`
		SessionID string   `json:"session_id"`
	}
	do(t, w, get("/me").bearing(p.AccessToken)).into(t, http.StatusOK, &me)
	for _, hint := range []string{"", "&token_type_hint=access_token", "&token_type_hint=refresh_token", "&token_type_hint=x"} {
		a := do(t, w, submit("/oauth/introspect", "token="+p.AccessToken+hint).basic(id, secret))
		var got introspected
		a.into(t, http.StatusOK, &got)
		want := introspected{Active: true, TokenType: "Bearer", Issuer: testIssuer, Subject: me.ID, Audience: testAudience,
			Expiry: got.IssuedAt + p.ExpiresIn, IssuedAt: got.IssuedAt, ID: got.ID, Client: "authd", Session: p.SessionID,
			AuthTime: got.AuthTime, Epoch: got.Epoch, Roles: []string{"editor"}}
		if diff := cmp.Diff(want, got); diff != "" || len(got.ID) != 16 || got.AuthTime > got.IssuedAt || got.AuthTime == 0 {
			t.Errorf("%s (-want +got):\n%s", hint, diff)
		}
		if got := a.header.Get("Cache-Control"); got != "no-store" { // C26, F21
			t.Errorf("Cache-Control: got %q", got)
		}
	}
}

func TestC25OfEveryOtherTokenItTellsThatItIsNotActive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	live := w.session(t, "ada")
	id, secret := w.client(t, nil, nil)
	narrow, narrowSecret := w.client(t, nil, []string{"https://stock.test"})
	out := w.login(t, "ada")
	do(t, w, post("/logout", "").bearing(out.AccessToken))
	killed := w.login(t, "ada")
	do(t, w, submit("/oauth/revoke", "token="+killed.AccessToken))
	foreign := w.machine(t, narrow, narrowSecret, "")
	tokens := map[string]string{
		"logged out": out.AccessToken, "revoked": killed.AccessToken, "a refresh token": live.RefreshToken, "garbage": "x",
		"for somebody else": foreign.AccessToken, "altered": altered(live.AccessToken), "long": longToken(),
	}
	for name, token := range tokens {
		a := do(t, w, submit("/oauth/introspect", "token="+token).basic(id, secret))
		if got, want := string(a.body), "{\"active\":false}\n"; a.status != http.StatusOK || got != want || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %d %s %v, want %s", name, a.status, got, a.header, want)
		}
	}
	if !w.ask(t, narrow, narrowSecret, foreign.AccessToken).Active {
		t.Error("a token for the asker is not active")
	}
	w.pass(testAccessTTL)
	a := do(t, w, submit("/oauth/introspect", "token="+live.AccessToken).basic(id, secret))
	if got, want := string(a.body), "{\"active\":false}\n"; got != want {
		t.Errorf("expired: got %s, want %s", got, want)
	}
}

func TestC25WhoDoesNotProveWhoTheyAreLearnsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.session(t, "ada")
	id, _ := w.client(t, nil, nil)
	ask := submit("/oauth/introspect", "token="+p.AccessToken)
	for name, c := range map[string]call{
		"nobody": ask, "the token itself": ask.bearing(p.AccessToken), "the public client": ask.basic("authd", ""),
		"a wrong secret": ask.basic(id, "acs_x"), "no token": submit("/oauth/introspect", ""),
		"a name": submit("/oauth/introspect", "client_id="+id+"&token="+p.AccessToken),
	} {
		a := do(t, w, c)
		a.refused(t, http.StatusUnauthorized, "invalid_client", "invalid_client")
		if got := a.header.Get("WWW-Authenticate"); got != `Basic realm="authd"` {
			t.Errorf("%s: WWW-Authenticate: got %q", name, got)
		}
	}
}

// An answer may be kept by nobody, so a logout is heard of at the next question (C26).
func TestC26TheNextQuestionHearsOfALogout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.session(t, "ada")
	id, secret := w.client(t, nil, nil)
	if !w.ask(t, id, secret, p.AccessToken).Active {
		t.Fatal("a live token is not active")
	}
	do(t, w, post("/logout", "").bearing(p.AccessToken))
	if w.ask(t, id, secret, p.AccessToken).Active {
		t.Error("it is active after the logout was answered")
	}
}

func longToken() string {
	b := make([]byte, 9<<10)
	for i := range b {
		b[i] = 'a'
	}
	return string(b)
}

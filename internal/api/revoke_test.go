package api

import (
	"net/http"
	"testing"
	"time"
)

func (w *world) revoked(t testing.TB, c call) {
	t.Helper()
	if a := do(t, w, c); a.status != http.StatusOK || len(a.body) != 0 || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: got %d %s %v", c.body, a.status, a.body, a.header)
	}
}

func TestC11AHintIsNotNeededAndMayBeWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	for _, hint := range []string{"", "&token_type_hint=", "&token_type_hint=access_token", "&token_type_hint=refresh_token", "&token_type_hint=id_token", "&token_type_hint=%F0%9F%98%80"} {
		p := w.login(t, "ada")
		w.revoked(t, submit("/oauth/revoke", "token="+p.AccessToken+hint))
		if w.alive(t, p) {
			t.Errorf("%s: the access token lives", hint)
		}
		p = w.refreshed(t, p) // its session goes on
		w.revoked(t, submit("/oauth/revoke", "token="+p.RefreshToken+hint))
		if w.alive(t, p) {
			t.Errorf("%s: the access token of the session lives", hint)
		}
		w.refresh(t, p.RefreshToken).problem(t, http.StatusUnauthorized, "session_revoked")
	}
}

func TestASessionsTokenIsRevokedWithoutASecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	id, _ := w.client(t, nil, nil)
	for _, c := range []func(token string) call{
		func(token string) call { return submit("/oauth/revoke", "token="+token) },
		func(token string) call { return submit("/oauth/revoke", "token="+token+"&client_id=authd") },
		func(token string) call { return submit("/oauth/revoke", "token="+token).basic("authd", "") },
	} {
		p := w.login(t, "ada")
		w.revoked(t, c(p.RefreshToken))
		if w.alive(t, p) {
			t.Error("it lives")
		}
	}
	p := w.login(t, "ada")
	do(t, w, submit("/oauth/revoke", "token="+p.RefreshToken+"&client_id="+id)).refused(t, http.StatusUnauthorized, "invalid_client", "invalid_client")
	if !w.alive(t, p) {
		t.Error("a name that nobody proved ended a session")
	}
}

func TestC4ToRevokeWhatDoesNotWorkIsNoError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.session(t, "ada")
	id, secret := w.client(t, nil, nil)
	expired := p
	w.pass(testAccessTTL + 2*time.Minute)
	p = w.refreshed(t, p)
	w.wantNoWrite(t, "what does not work", func() {
		for name, token := range map[string]string{"garbage": "x", "expired": expired.AccessToken, "a JWT": "a.b.c", "a refresh token's form": "art_x",
			"a secret": secret, "altered": altered(p.AccessToken), "long": longToken()} {
			w.revoked(t, submit("/oauth/revoke", "token="+token))
			if name != "expired" {
				w.revoked(t, submit("/oauth/revoke", "token="+token).basic(id, secret))
			}
		}
	})
	if !w.alive(t, p) {
		t.Error("the session has ended")
	}
}

func TestC10AnotherClientsTokenStaysActive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.session(t, "ada")
	id, secret := w.client(t, nil, nil)
	other, otherSecret := w.client(t, nil, nil)
	m := w.machine(t, id, secret, "")
	for _, token := range []string{p.AccessToken, p.RefreshToken, m.AccessToken} {
		do(t, w, submit("/oauth/revoke", "token="+token).basic(other, otherSecret)).
			refused(t, http.StatusBadRequest, "unauthorized_client", "unauthorized_client")
	}
	do(t, w, submit("/oauth/revoke", "token="+m.AccessToken)).refused(t, http.StatusUnauthorized, "invalid_client", "invalid_client")
	if !w.alive(t, p) || !w.ask(t, other, otherSecret, m.AccessToken).Active {
		t.Error("a token died")
	}
	w.refreshed(t, p)
	for range 2 {
		w.revoked(t, submit("/oauth/revoke", "token="+m.AccessToken).basic(id, secret))
	}
	if w.ask(t, other, otherSecret, m.AccessToken).Active {
		t.Error("its own client could not revoke a token")
	}
	if !w.ask(t, other, otherSecret, w.machine(t, id, secret, "").AccessToken).Active {
		t.Error("the next token is dead too")
	}
}

package api

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

func TestAClientGetsATokenOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, secret := w.client(t, []string{"orders:read", "orders:write"}, []string{"https://orders.test", "https://stock.test"})
	for _, test := range []struct {
		form, scope string
		audience    []string
	}{
		{"", "orders:read orders:write", []string{"https://orders.test", "https://stock.test"}},
		{"&scope=&resource=", "orders:read orders:write", []string{"https://orders.test", "https://stock.test"}},
		{"&scope=orders%3Awrite", "orders:write", []string{"https://orders.test", "https://stock.test"}},
		{"&scope=orders:write+orders:read+orders:read&unknown=x", "orders:read orders:write", []string{"https://orders.test", "https://stock.test"}},
		{"&resource=https://stock.test", "orders:read orders:write", []string{"https://stock.test"}},
	} {
		m := w.machine(t, id, secret, test.form)
		if m.TokenType != "Bearer" || m.Scope != test.scope || m.ExpiresIn != int64(testAccessTTL/time.Second) {
			t.Errorf("%s: got %+v", test.form, m)
		}
		got := w.ask(t, id, secret, m.AccessToken)
		if !got.Active || got.Subject != id || got.Client != id || got.Session != "" || got.AuthTime != 0 || len(got.Roles) != 0 ||
			got.Scope != test.scope || !slices.Equal(got.Audience, test.audience) {
			t.Errorf("%s: the token says %+v", test.form, got)
		}
	}
	plain, plainSecret := w.client(t, nil, nil)
	m := w.machine(t, plain, plainSecret, "")
	if got := w.ask(t, plain, plainSecret, m.AccessToken); m.Scope != "" || got.Scope != "" || !slices.Equal(got.Audience, testAudience) {
		t.Errorf("a client with neither: got %+v and %+v", m, got)
	}
	m = w.machine(t, plain, plainSecret, "&resource="+testAudience[0])
	if got := w.ask(t, plain, plainSecret, m.AccessToken); !slices.Equal(got.Audience, testAudience) {
		t.Errorf("a client with neither, for the usual audience: got %+v", got)
	}
}

func TestAMachineHasNoSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, secret := w.client(t, nil, nil)
	m := w.machine(t, id, secret, "")
	for _, c := range []call{get("/me"), get("/sessions"), del("/sessions/" + someSession), post("/logout", ""),
		post("/password", `{"current_password":"x","new_password":"another horse"}`), post("/me/delete", `{"password":"x"}`)} {
		do(t, w, c.bearing(m.AccessToken)).problem(t, http.StatusForbidden, "session_required")
	}
	do(t, w, post("/refresh", `{"refresh_token":"`+m.AccessToken+`"}`)).problem(t, http.StatusUnauthorized, "refresh_token_invalid")
}

func TestAClientGetsNoMoreThanItHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, secret := w.client(t, []string{"orders:read"}, []string{"https://orders.test"})
	for extra, code := range map[string]string{
		"&scope=orders:write":             "invalid_scope",
		"&scope=orders:read+orders:write": "invalid_scope",
		"&scope=orders:read++":            "invalid_scope",
		"&scope=+orders:read":             "invalid_scope",
		"&scope=orders:read%09":           "invalid_scope",
		"&scope=ORDERS:READ":              "invalid_scope",
		"&scope=orders:read,":             "invalid_scope",
		"&scope=*":                        "invalid_scope",
		"&resource=https://stock.test":    "invalid_target",
		"&resource=https://orders.test/":  "invalid_target",
		"&resource=HTTPS://orders.test":   "invalid_target",
		"&resource=" + testAudience[0]:    "invalid_target",
	} {
		do(t, w, submit("/oauth/token", "grant_type=client_credentials"+extra).basic(id, secret)).
			refused(t, http.StatusBadRequest, code, code)
	}
}

func TestAGrantThatIsNotOfferedIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	id, secret := w.client(t, nil, nil)
	password := "grant_type=password&username=ada&password=" + strings.ReplaceAll(goodPassword, " ", "+")
	for _, c := range []call{submit("/oauth/token", password), submit("/oauth/token", password).basic(id, secret)} {
		e := do(t, w, c).refused(t, http.StatusBadRequest, "unsupported_grant_type", "unsupported_grant_type")
		if !strings.Contains(e.ErrorDescription, "RFC 9700") {
			t.Errorf("no reason in %q", e.ErrorDescription)
		}
	}
	for _, grant := range []string{"authorization_code", "implicit", "CLIENT_CREDENTIALS", "refresh_token+",
		"urn:ietf:params:oauth:grant-type:token-exchange", "x"} {
		do(t, w, submit("/oauth/token", "grant_type="+grant+"&refresh_token=x").basic(id, secret)).
			refused(t, http.StatusBadRequest, "unsupported_grant_type", "unsupported_grant_type")
	}
	do(t, w, submit("/oauth/token", "grant_type=client_credentials")).refused(t, http.StatusUnauthorized, "invalid_client", "invalid_client")
	do(t, w, submit("/oauth/token", "grant_type=client_credentials&client_id="+id)).refused(t, http.StatusUnauthorized, "invalid_client", "invalid_client")
	do(t, w, submit("/oauth/token", "grant_type=client_credentials").basic("authd", "")).refused(t, http.StatusUnauthorized, "invalid_client", "invalid_client")
}

func TestTheRefreshGrantIsRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.session(t, "ada")
	for _, c := range []func(call) call{
		func(c call) call { return c },
		func(c call) call { c.body += "&client_id=authd&scope=&resource="; return c },
		func(c call) call { return c.basic("authd", "") },
	} {
		var next pair
		do(t, w, c(submit("/oauth/token", "grant_type=refresh_token&refresh_token="+p.RefreshToken))).into(t, http.StatusOK, &next)
		if next.RefreshToken == p.RefreshToken || next.SessionID != p.SessionID || !w.alive(t, next) {
			t.Errorf("got %+v after %+v", next, p)
		}
		p = next
	}
	old := p
	for range 2 {
		p = w.refreshed(t, p)
	}
	again := submit("/oauth/token", "grant_type=refresh_token&refresh_token="+old.RefreshToken)
	do(t, w, again).refused(t, http.StatusBadRequest, "invalid_grant", "refresh_token_reused")
	do(t, w, again).refused(t, http.StatusBadRequest, "invalid_grant", "refresh_token_reused")
	do(t, w, submit("/oauth/token", "grant_type=refresh_token&refresh_token=art_x")).
		refused(t, http.StatusBadRequest, "invalid_grant", "refresh_token_invalid")
}

func TestB19ARefreshTokenIsNotForAnotherClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.session(t, "ada")
	id, secret := w.client(t, nil, nil)
	refresh := submit("/oauth/token", "grant_type=refresh_token&refresh_token="+p.RefreshToken)
	named := refresh
	named.body += "&client_id=" + id
	w.wantNoWrite(t, "another client", func() {
		for _, c := range []call{refresh.basic(id, secret), named, named.basic(id, secret)} {
			do(t, w, c).refused(t, http.StatusBadRequest, "invalid_grant", "wrong_client")
		}
		do(t, w, refresh.basic(id, "acs_wrong")).refused(t, http.StatusUnauthorized, "invalid_client", "invalid_client")
	})
	records, err := w.store.Records(t.Context(), audit.Query{Name: audit.RefreshRefused, Limit: 10})
	must(t, err)
	proved := 0
	for _, r := range records {
		if r.Reason != audit.WrongClient || auth.SessionID(r.Session).String() != p.SessionID {
			t.Errorf("got %+v", r)
		}
		if r.Subject == id {
			proved++
		}
	}
	if len(records) != 3 || proved != 2 {
		t.Errorf("got %d events, %d of them with the client's id; want 3 and 2", len(records), proved)
	}
	if !w.alive(t, p) {
		t.Error("the session has ended")
	}
	w.refreshed(t, p)
}

func TestB27ARefreshGivesNoMoreThanThereIsNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	id, secret := w.client(t, nil, nil)
	w.setRoles(t, "ada", "admin", "editor")
	p := w.login(t, "ada")
	for _, roles := range [][]string{{"admin", "editor"}, {"editor"}, nil} {
		w.setRoles(t, "ada", roles...)
		w.wantNoWrite(t, "a scope", func() {
			for _, scope := range []string{"admin", "openid", "editor+admin"} {
				do(t, w, submit("/oauth/token", "grant_type=refresh_token&scope="+scope+"&refresh_token="+p.RefreshToken)).
					refused(t, http.StatusBadRequest, "invalid_scope", "invalid_scope")
			}
		})
		before := w.ask(t, id, secret, p.AccessToken)
		do(t, w, submit("/oauth/token", "grant_type=refresh_token&refresh_token="+p.RefreshToken)).into(t, http.StatusOK, &p)
		got := w.ask(t, id, secret, p.AccessToken)
		if diff := cmp.Diff(roles, got.Roles); diff != "" || got.AuthTime != before.AuthTime || got.Scope != "" {
			t.Errorf("auth_time %d after %d, scope %q, roles (-want +got):\n%s", got.AuthTime, before.AuthTime, got.Scope, diff)
		}
	}
}

func TestOAuthAnswersWhenItsServicesFail(t *testing.T) {
	t.Parallel()
	for path, good := range formTakers {
		for _, test := range []struct {
			broken     broken
			status     int
			word, code string
		}{
			{broken{err: errors.New("disk on fire")}, 500, "server_error", "internal_error"},
			{broken{thrown: "disk on fire"}, 500, "server_error", "internal_error"},
			{broken{err: auth.ErrUnavailable}, 503, "temporarily_unavailable", "temporarily_unavailable"},
		} {
			handler, _ := brokenHandler(t, test.broken)
			a := do(t, handler, submit(path, good).basic("x", "y"))
			a.refused(t, test.status, test.word, test.code)
			if (test.status == http.StatusServiceUnavailable) != (a.header.Get("Retry-After") != "") {
				t.Errorf("%s: %d: Retry-After: got %q", path, test.status, a.header.Get("Retry-After"))
			}
			if strings.Contains(string(a.body), "fire") { // F22
				t.Errorf("%s: got %s", path, a.body)
			}
		}
	}
}

// machine gets a token by client_credentials.
func (w *world) machine(t testing.TB, id, secret, extra string) (m machineToken) {
	t.Helper()
	do(t, w, submit("/oauth/token", "grant_type=client_credentials"+extra).basic(id, secret)).into(t, http.StatusOK, &m)
	return m
}

// ask introspects a token.
func (w *world) ask(t testing.TB, id, secret, token string) (i introspected) {
	t.Helper()
	do(t, w, submit("/oauth/introspect", "token="+token).basic(id, secret)).into(t, http.StatusOK, &i)
	return i
}

// refreshed goes on with a session, which must work.
func (w *world) refreshed(t testing.TB, p pair) (next pair) {
	t.Helper()
	w.refresh(t, p.RefreshToken).into(t, http.StatusOK, &next)
	return next
}

// altered is the token with another signature, whatever letter stood there.
func altered(token string) string {
	at := strings.LastIndexByte(token, '.') + 1
	other := "A"
	if token[at] == 'A' {
		other = "B"
	}
	return token[:at] + other + token[at+1:]
}

func TestB20OfAClientThatIsRevokedOrGoneNothingLives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asker, askerSecret := w.client(t, nil, nil)
	for name, end := range map[string]func(id auth.ClientID) error{
		"revoked": func(id auth.ClientID) error { return w.users.RevokeClient(t.Context(), id, tokens.Origin{}) },
		"deleted": func(id auth.ClientID) error { return w.users.DeleteClient(t.Context(), id, tokens.Origin{}) },
	} {
		id, secret := w.client(t, []string{"read"}, nil)
		before := w.machine(t, id, secret, "")
		if !w.ask(t, asker, askerSecret, before.AccessToken).Active {
			t.Fatalf("%s: a live token is not active", name)
		}
		parsed, err := auth.ParseClientID(id)
		must(t, err)
		must(t, end(parsed))
		w.pass(0)
		if w.ask(t, asker, askerSecret, before.AccessToken).Active {
			t.Errorf("%s: its token lives", name)
		}
		again := submit("/oauth/token", "grant_type=client_credentials").basic(id, secret)
		if name == "revoked" {
			if after := w.machine(t, id, secret, ""); !w.ask(t, asker, askerSecret, after.AccessToken).Active {
				t.Errorf("%s: the next token is dead, too", name)
			}
			continue
		}
		do(t, w, again).refused(t, http.StatusUnauthorized, "invalid_client", "invalid_client")
		do(t, w, submit("/oauth/introspect", "token="+before.AccessToken).basic(id, secret)).
			refused(t, http.StatusUnauthorized, "invalid_client", "invalid_client")
		do(t, w, submit("/oauth/revoke", "token="+before.AccessToken).basic(id, secret)).
			refused(t, http.StatusUnauthorized, "invalid_client", "invalid_client")
	}
}

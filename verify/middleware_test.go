package verify_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/verify"
	"github.com/authd/authd/verify/internal/fake"
)

// whoami answers with the subject of the request's claims.
var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	claims, ok := verify.FromContext(r.Context())
	fmt.Fprint(w, claims.Subject(), " ", ok)
})

func ask(h http.Handler, authorization ...string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, value := range authorization {
		r.Header.Add("Authorization", value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestAGoodTokenPassesWithItsClaims(t *testing.T) {
	t.Parallel()
	authd := fake.New()
	h := start(t, config(authd)).Middleware(whoami)
	for _, scheme := range []string{"Bearer", "bearer", "BEARER"} {
		response := ask(h, scheme+" "+authd.Token(nil))
		if body, _ := io.ReadAll(response.Body); response.StatusCode != 200 || string(body) != "019aabfc-5be4-7d5a-9d0f-3c41a4f0c2ee true" {
			t.Errorf("%s: got %d %q", scheme, response.StatusCode, body)
		}
	}
}

const (
	bare      = `Bearer realm="authd"`
	badToken  = `Bearer realm="authd", error="invalid_token", error_description="The access token is not valid."`
	badHeader = `Bearer realm="authd", error="invalid_request", error_description="The Authorization header must be: Bearer, a space, the access token."`
)

// RFC 6750, section 3.1: who did not try to authenticate is not told of an error.
func TestARefusalSaysWhatRFC6750Says(t *testing.T) {
	t.Parallel()
	authd := fake.New()
	h := start(t, config(authd)).Middleware(whoami)
	good := authd.Token(nil)
	for what, c := range map[string]struct {
		headers         []string
		status          int
		challenge, code string
	}{
		"no header":           {nil, 401, bare, "token_missing"},
		"another scheme":      {[]string{"Basic YTpi"}, 401, bare, "token_missing"},
		"an empty header":     {[]string{""}, 401, bare, "token_missing"},
		"a token without":     {[]string{good}, 401, bare, "token_missing"},
		"no token":            {[]string{"Bearer"}, 400, badHeader, "invalid_request"},
		"an empty token":      {[]string{"Bearer "}, 400, badHeader, "invalid_request"},
		"two spaces":          {[]string{"Bearer  " + good}, 400, badHeader, "invalid_request"},
		"a tab":               {[]string{"Bearer\t" + good}, 401, bare, "token_missing"},
		"two tokens":          {[]string{"Bearer " + good + " " + good}, 400, badHeader, "invalid_request"},
		"a list":              {[]string{"Bearer " + good + ", Bearer " + good}, 400, badHeader, "invalid_request"},
		"two headers":         {[]string{"Bearer " + good, "Bearer " + good}, 400, badHeader, "invalid_request"},
		"two schemes":         {[]string{"Basic YTpi", "Bearer " + good}, 400, badHeader, "invalid_request"},
		"garbage":             {[]string{"Bearer x"}, 401, badToken, "invalid_token"},
		"another audience":    {[]string{"Bearer " + authd.Token(fake.JSON{"aud": "x"})}, 401, badToken, "invalid_token"},
		"an expired token":    {[]string{"Bearer " + authd.Token(fake.JSON{"iat": 1, "exp": 2})}, 401, badToken, "invalid_token"},
		"an unreadable token": {[]string{"Bearer \x00"}, 400, badHeader, "invalid_request"},
	} {
		response := ask(h, c.headers...)
		expect(t, what, response, c.status, c.code)
		if got := response.Header["Www-Authenticate"]; len(got) != 1 || got[0] != c.challenge {
			t.Errorf("%s: got %q, want %q", what, got, c.challenge)
		}
	}
}

// expect checks the parts of a refusal that are always there.
func expect(t *testing.T, what string, response *http.Response, status int, code string) {
	t.Helper()
	var p struct {
		Type, Title, Detail, Code, Error string
		ErrorDescription                 string `json:"error_description"`
		Status                           int
	}
	if err := json.NewDecoder(response.Body).Decode(&p); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	if response.StatusCode != status || p.Status != status || p.Code != code || p.Title != http.StatusText(status) || p.Type != "about:blank" || p.Detail == "" {
		t.Errorf("%s: got %d and %+v, want %d and %s", what, response.StatusCode, p, status, code)
	}
	if (p.Error == "") != (p.ErrorDescription == "") || p.Error != "" && p.Error != code {
		t.Errorf("%s: got error %q with %q", what, p.Error, p.ErrorDescription)
	}
	h := response.Header
	if h.Get("Cache-Control") != "no-store" || h.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: got headers %v", what, h)
	}
}

// C18: a 401 would make every client throw its token away and sign in again, all at once.
func TestC18WhatIsNotKnownIs503AndNever401(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		authd.Intercept(func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(500); return true })
		v := startCold(t, config(authd))
		h := v.Middleware(whoami)
		expired := authd.Token(fake.JSON{"iat": 1, "exp": 2})
		check := func(what string) {
			t.Helper()
			for _, raw := range []string{authd.Token(nil), expired, "x"} {
				response := ask(h, "Bearer "+raw)
				expect(t, what, response, 503, "temporarily_unavailable")
				if response.Header.Get("Retry-After") == "" || response.Header.Get("WWW-Authenticate") != "" {
					t.Errorf("%s: got headers %v", what, response.Header)
				}
			}
		}
		synctest.Wait()
		check("not ready")
		authd.Intercept(nil)
		time.Sleep(20 * time.Second)
		if response := ask(h, "Bearer "+authd.Token(nil)); response.StatusCode != 200 {
			t.Errorf("ready: got %d", response.StatusCode)
		}
		authd.Intercept(func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(500); return true })
		time.Sleep(2 * time.Minute)
		check("stale")
		expect(t, "stale, and no token at all", ask(h), 401, "token_missing")
	})
}

func TestARevokedTokenIs401(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		h := start(t, config(authd)).Middleware(whoami)
		authd.Kill("sid", "s1")
		synctest.Wait()
		response := ask(h, "Bearer "+authd.Token(fake.JSON{"sid": "s1"}))
		expect(t, "revoked", response, 401, "invalid_token")
		if got := response.Header.Get("WWW-Authenticate"); got != badToken {
			t.Errorf("got %q", got)
		}
	})
}

func TestRoutesOfDifferentBudgetsShareOneVerifier(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		v := start(t, config(authd))
		strict, err := v.WithMaxStaleness(10 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		authd.Freeze()
		time.Sleep(30 * time.Second)
		if got := ask(v.Middleware(whoami), "Bearer "+authd.Token(nil)).StatusCode; got != 200 {
			t.Errorf("the default: got %d", got)
		}
		if got := ask(strict.Middleware(whoami), "Bearer "+authd.Token(nil)).StatusCode; got != 503 {
			t.Errorf("the strict route: got %d", got)
		}
		if err := strict.Run(t.Context()); err == nil {
			t.Error("a second Run of the same verifier ran")
		}
	})
}

func TestAServiceMayWriteItsOwnRefusals(t *testing.T) {
	t.Parallel()
	authd := fake.New()
	c := config(authd)
	c.WriteError = func(w http.ResponseWriter, _ *http.Request, err error) {
		w.WriteHeader(418)
		fmt.Fprint(w, err)
	}
	response := ask(start(t, c).Middleware(whoami))
	if body, _ := io.ReadAll(response.Body); response.StatusCode != 418 || string(body) != "verify: no token" {
		t.Errorf("got %d %q", response.StatusCode, body)
	}
}

// A28: the middleware of a verifier that New did not make lets nobody in.
func TestA28TheMiddlewareOfAZeroVerifierIs503(t *testing.T) {
	t.Parallel()
	h := new(verify.Verifier).Middleware(whoami)
	expect(t, "a token", ask(h, "Bearer "+fake.New().Token(nil)), 503, "temporarily_unavailable")
	expect(t, "no token", ask(h), 401, "token_missing")
}

func TestAHandlerWithoutMiddlewareHasNoClaims(t *testing.T) {
	t.Parallel()
	if body, _ := io.ReadAll(ask(whoami).Body); string(body) != " false" {
		t.Errorf("got %q", body)
	}
}

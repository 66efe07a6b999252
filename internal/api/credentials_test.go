package api

import (
	"net/http"
	"strings"
	"testing"
)

func TestATokenInTheAddressIsRefusedEverywhere(t *testing.T) { // B24, I2
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	for _, route := range append((&api{}).routes(), route{method: "GET", pattern: "/nowhere"}) {
		for _, query := range []string{"access_token=x", "refresh_token=x", "token=x", "token", "a=b&token=", "TOKEN=x",
			"%74oken=x", "access%5Ftoken=x", "a=%zz", "a;token=x", "client_secret=x", "Client_Assertion=x"} {
			c := call{method: route.method, path: route.pattern + "?" + query}
			do(t, handler, c).fails(t, c, http.StatusBadRequest, "invalid_request")
		}
	}
	if a := do(t, handler, get("/livez?tokens=1&_=2")); a.status != http.StatusOK {
		t.Errorf("another parameter: got %d", a.status)
	}
}

func TestTwoAuthorizationHeadersAreRefusedEverywhere(t *testing.T) { // F11
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	for _, route := range (&api{}).routes() {
		c := call{method: route.method, path: route.pattern}.bearing("x")
		for _, two := range []call{c.bearing("y"), c.bearing("x"), c.with("authorization", "Basic eDp5")} {
			do(t, handler, two).fails(t, c, http.StatusBadRequest, "invalid_request")
		}
	}
}

func TestAnAuthorizationHeaderIsBearerAndOneToken(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{err: errReached})
	for header, malformed := range map[string]bool{
		"Bearer abc.def.g-h_i": false, "bearer abc": false, "BEARER a~b+c/d==": false,
		"Bearer": true, "Bearer ": true, "Bearer  abc": true, "Bearer abc ": true, "Bearer abc def": true,
		"Bearer abc, Bearer def": true, "Bearer\tabc": true, "Bearer =": true, "Bearer a=b": true,
		"Bearer \"abc\"": true, "Bearer ä": true, "Basic eDp5": true, "abc": true, "Bearerabc": true,
		"DPoP abc": true, "Token abc": true, "Bearer " + strings.Repeat("a", 9000): false,
	} {
		for _, c := range []call{get("/me"), post("/logout", "")} {
			p := do(t, handler, c.with("Authorization", header)).problem(t, http.StatusBadRequest, "invalid_request")
			if (p.Detail != errReached.Public) != malformed {
				t.Errorf("%s with %.30q: got %s", c.path, header, p.Detail)
			}
		}
	}
}

func TestNoTokenAtAllIsChallengedWithoutAnError(t *testing.T) { // RFC 6750, section 3.1
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	for _, c := range []call{get("/me"), post("/logout", ""), post("/logout", `{}`), post("/logout", `{"scope":"all"}`),
		post("/logout", `{"refresh_token":""}`),
		get("/sessions"), del("/sessions/" + someSession),
		post("/password", takers[4].good), post("/me/delete", takers[6].good)} {
		a := do(t, handler, c)
		a.problem(t, http.StatusUnauthorized, "invalid_token")
		if got, want := a.header.Get("WWW-Authenticate"), `Bearer realm="authd"`; got != want {
			t.Errorf("%s: got %q, want %q", c.path, got, want)
		}
	}
}

func TestAnEmptyRefreshTokenIsNotOneThatWasLeftOut(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	do(t, handler, post("/logout", `{"refresh_token":""}`).bearing("x")).
		problem(t, http.StatusUnauthorized, "invalid_token")
}

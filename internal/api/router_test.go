package api

import (
	"net/http"
	"strings"
	"testing"
)

func TestAPathHasOneSpelling(t *testing.T) { // F15
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	for _, path := range []string{
		"//login", "/login/", "/login//", "/./login", "/x/../login", "/../login", "/%2e%2e/login",
		"/%6cogin", "/l%6Fgin", "/login%2f", "/login%2F..", "/login%00", "/login;x=1", "/login%3fa", "/LOGIN",
		"/Login", "/login.json", "/login%20", "/log%C4%B1n", "/.well-known/jwks.json/", "/.well-known//jwks.json",
		"/.well-known/", "/%2ewell-known/jwks.json",
	} {
		for _, method := range []string{"GET", "POST", "PUT", "BREW"} {
			a := do(t, handler, call{method: method, path: path, body: map[string]string{"POST": "{}"}[method]})
			a.problem(t, http.StatusNotFound, "not_found")
			if got := a.header.Get("Location"); got != "" {
				t.Errorf("%s %s: redirected to %q", method, path, got)
			}
		}
	}
}

func TestNothingIsServedThatTheContractDoesNotName(t *testing.T) { // F26
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/vars", "/admin/users", "/favicon.ico", "/.env"} {
		do(t, handler, get(path)).problem(t, http.StatusNotFound, "not_found")
	}
}

func TestAnotherMethodIsRefusedWithThoseAllowed(t *testing.T) { // F16, B24
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	for path, item := range mustContract(t).doc.Paths.Map() {
		var allowed []string
		if item.Get != nil {
			allowed = append(allowed, "GET", "HEAD")
		}
		if item.Post != nil {
			allowed = append(allowed, "POST")
		}
		if item.Delete != nil {
			allowed = append(allowed, "DELETE")
		}
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "CONNECT", "QUERY",
			"BREW", "get"} {
			if item.GetOperation(method) != nil && strings.ToUpper(method) == method {
				continue
			}
			a := do(t, handler, call{method: method, path: path})
			a.problem(t, http.StatusMethodNotAllowed, "method_not_allowed")
			if got, want := a.header.Get("Allow"), strings.Join(allowed, ", "); got != want {
				t.Errorf("%s %s: Allow: got %q, want %q", method, path, got, want)
			}
		}
	}
	for _, method := range []string{"PUT", "OPTIONS", "BREW"} {
		do(t, handler, call{method: method, path: "/nowhere"}).problem(t, http.StatusNotFound, "not_found")
	}
}

func TestAMethodIsOverriddenByNothing(t *testing.T) { // F16
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	for _, header := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
		do(t, handler, get("/logout").bearing("x").with(header, "POST")).
			problem(t, http.StatusMethodNotAllowed, "method_not_allowed")
	}
	do(t, handler, get("/logout?_method=POST").bearing("x")).
		problem(t, http.StatusMethodNotAllowed, "method_not_allowed")
}

func TestHEADAnswersWhereGETDoes(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	for _, path := range []string{"/livez", "/readyz", "/openapi.yaml", "/", "/.well-known/jwks.json"} {
		a := do(t, handler, call{method: "HEAD", path: path})
		if a.status != http.StatusOK || a.header.Get("Content-Length") == "0" {
			t.Errorf("%s: got %d with %s bytes", path, a.status, a.header.Get("Content-Length"))
		}
	}
}

func TestAForgedHostChangesNothing(t *testing.T) { // F17
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	want := do(t, handler, get("/"))
	for _, c := range []call{
		get("/").with("X-Forwarded-Host", "evil.example").with("X-Forwarded-Proto", "https"),
		get("http://evil.example/"), // the absolute form, which RFC 9112 says a server must take
	} {
		if got := do(t, handler, c); string(got.body) != string(want.body) {
			t.Errorf("got %s, want %s", got.body, want.body)
		}
	}
}

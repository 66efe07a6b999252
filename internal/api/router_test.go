package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
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
	operators, _ := brokenAdmin(t, broken{})
	for path, item := range mustContract(t).doc.Paths.Map() {
		wantOthersRefused(t, handler, call{path: path}, item, served(path, item, false))
		wantOthersRefused(t, operators, call{path: path}.byOperator(), item, served(path, item, true))
	}
	for _, method := range []string{"PUT", "OPTIONS", "BREW"} {
		do(t, handler, call{method: method, path: "/nowhere"}).problem(t, http.StatusNotFound, "not_found")
	}
}

// operationAt reports whether a path takes a method, by its own item or by a template that it fits: to
// delete /admin/keys/rotate is to kill a key of that name.
func operationAt(t *testing.T, path, method string, own *openapi3.PathItem) bool {
	t.Helper()
	for template, item := range mustContract(t).doc.Paths.Map() {
		_, fits := match(template, path)
		if fits && (item == own || len(item.Servers) == len(own.Servers)) && item.GetOperation(method) != nil {
			return true
		}
	}
	return false
}

// wantOthersRefused asks for a path by every method that it does not have.
func wantOthersRefused(t *testing.T, handler http.Handler, c call, item *openapi3.PathItem, served bool) {
	t.Helper()
	var allowed []string
	for _, method := range []string{"GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"} {
		if operationAt(t, c.path, strings.Replace(method, "HEAD", "GET", 1), item) {
			allowed = append(allowed, method)
		}
	}
	for _, c.method = range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "CONNECT", "QUERY", "BREW", "get"} {
		switch {
		case !served:
			do(t, handler, c).fails(t, c, http.StatusNotFound, "not_found")
		case !slices.Contains(allowed, c.method):
			a := do(t, handler, c)
			a.fails(t, c, http.StatusMethodNotAllowed, "method_not_allowed")
			if got, want := a.header.Get("Allow"), strings.Join(allowed, ", "); got != want {
				t.Errorf("%s %s: Allow: got %q, want %q", c.method, c.path, got, want)
			}
		}
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
	for _, path := range []string{"/", pathServerMetadata, pathOpenIDMetadata} {
		want := do(t, handler, get(path))
		for _, c := range []call{
			get(path).at("evil.example"),
			get(path).with("X-Forwarded-Host", "evil.example").with("X-Forwarded-Proto", "https"),
			get(path).with("Forwarded", "host=evil.example;proto=https").with("X-Forwarded-Prefix", "/evil"),
			get("http://evil.example" + path), // the absolute form, which RFC 9112 says a server must take
		} {
			if got := do(t, handler, c); string(got.body) != string(want.body) {
				t.Errorf("got %s, want %s", got.body, want.body)
			}
		}
	}
}

package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// publicPaths are what scripts of every origin may read.
var publicPaths = []string{"/.well-known/jwks.json", pathServerMetadata, pathOpenIDMetadata, "/revocations", "/openapi.yaml"}

func TestWhatIsPublicIsSoToEveryOrigin(t *testing.T) { // F18
	t.Parallel()
	w := newWorld(t)
	failing, _ := brokenHandler(t, broken{thrown: "on fire"})
	for _, path := range publicPaths {
		c := get(path).with("Origin", "https://app.example")
		for _, a := range []answer{
			do(t, w, c), do(t, w, call{method: "HEAD", path: path}), do(t, failing, c), do(t, w, get(path)),
		} {
			if got := a.header.Get("Access-Control-Allow-Origin"); got != "*" {
				t.Errorf("%s: %d: Access-Control-Allow-Origin: got %q", path, a.status, got)
			}
		}
		ask := call{method: "OPTIONS", path: path}.with("Origin", "https://app.example").
			with("Access-Control-Request-Method", "GET").with("Access-Control-Request-Headers", "if-none-match")
		a := do(t, w, ask)
		if a.status != http.StatusNoContent || a.header.Get("Access-Control-Allow-Methods") != "GET, HEAD" ||
			a.header.Get("Access-Control-Allow-Headers") != "*" || a.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("OPTIONS %s: got %d %v", path, a.status, a.header)
		}
	}
}

func TestNothingElseIsOpenToOtherOrigins(t *testing.T) { // F18
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	operators, _ := brokenAdmin(t, broken{})
	for path := range mustContract(t).doc.Paths.Map() {
		if slices.Contains(publicPaths, path) {
			continue
		}
		for _, method := range []string{"GET", "POST", "DELETE", "PATCH", "OPTIONS"} {
			c := call{method: method, path: path}.with("Origin", "https://app.example").with("Access-Control-Request-Method", "POST")
			for header := range both(do(t, handler, c).header, do(t, operators, c.byOperator()).header) {
				if strings.HasPrefix(header, "Access-Control-") {
					t.Errorf("%s %s has %s", method, path, header)
				}
			}
		}
	}
}

func both(one, other http.Header) http.Header {
	all := one.Clone()
	for name, values := range other {
		all[name] = append(all[name], values...)
	}
	return all
}

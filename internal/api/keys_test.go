package api

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheKeySetIsPublicAndCacheable(t *testing.T) { // D10
	t.Parallel()
	w := newWorld(t)
	a := do(t, w, get("/.well-known/jwks.json"))
	var set struct {
		Keys []map[string]string `json:"keys"`
	}
	a.into(t, http.StatusOK, &set) // that no member is private, the contract says
	if got, want := len(set.Keys), 2; got != want {
		t.Errorf("got %d keys, want %d: the one that signs and its successor", got, want)
	}
	got := map[string]string{}
	want := map[string]string{"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*",
		"Content-Type": "application/jwk-set+json"}
	for name := range want {
		got[name] = a.header.Get(name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestAKeySetThatIsKnownIsNotSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tag := do(t, w, get("/.well-known/jwks.json")).header.Get("ETag")
	a := do(t, w, get("/.well-known/jwks.json").with("If-None-Match", "W/"+tag))
	if a.status != http.StatusNotModified || len(a.body) != 0 || a.header.Get("ETag") != tag ||
		a.header.Get("Cache-Control") != "public, max-age=300" {
		t.Errorf("got %d %v %s", a.status, a.header, a.body)
	}
	if b := do(t, w, get("/.well-known/jwks.json").with("If-None-Match", `"other"`)); b.status != http.StatusOK {
		t.Errorf("with another tag: got %d", b.status)
	}
}

func TestNoOriginIsReflected(t *testing.T) { // F18
	t.Parallel()
	w := newWorld(t)
	for _, origin := range []string{"https://evil.example", "null", "https://issuer.test.evil.example"} {
		for _, c := range []call{get("/.well-known/jwks.json"), get("/me"), post("/login", takers[1].good), get("/livez")} {
			a := do(t, w, c.with("Origin", origin))
			if got := a.header.Get("Access-Control-Allow-Origin"); got != "" && got != "*" {
				t.Errorf("%s: Access-Control-Allow-Origin: got %q", c.path, got)
			}
			if got := a.header.Get("Access-Control-Allow-Credentials"); got != "" {
				t.Errorf("%s: Access-Control-Allow-Credentials: got %q", c.path, got)
			}
		}
	}
}

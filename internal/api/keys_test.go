package api

import (
	"bytes"
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/tokens"
)

// D10: the body is what the contract says, which knows public members only.
func TestTheKeySetIsPublicAndCacheableWhateverTheAlgorithm(t *testing.T) {
	t.Parallel()
	for _, alg := range tokens.Algs() {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			handler := keySetOf(t, alg)
			a := do(t, handler, get(pathKeySet))
			var set struct {
				Keys []map[string]string `json:"keys"`
			}
			a.into(t, http.StatusOK, &set)
			if got, want := len(set.Keys), 2; got != want {
				t.Errorf("got %d keys, want %d: the one that signs and its successor", got, want)
			}
			for _, key := range set.Keys {
				if key["alg"] != string(alg) || key["use"] != "sig" || key["kid"] == "" {
					t.Errorf("got %v, want a key of %s", key, alg)
				}
			}
			got, want := map[string]string{}, map[string]string{"Cache-Control": "public, max-age=300, stale-if-error=300",
				"Access-Control-Allow-Origin": "*", "Content-Type": "application/jwk-set+json"}
			for name := range want {
				got[name] = strings.Join(a.header.Values(name), "|")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			holdTags(t, handler, a)
		})
	}
}

const pathKeySet = "/.well-known/jwks.json"

// holdTags asks again with the tag of an answer and with others.
func holdTags(t *testing.T, handler http.Handler, full answer) {
	t.Helper()
	tag, caching := full.header.Get("ETag"), full.header.Get("Cache-Control")
	if !strings.HasPrefix(tag, `"`) || !strings.HasSuffix(tag, `"`) || len(tag) < 16 {
		t.Errorf("tag %s: want a strong one", tag)
	}
	for _, known := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		a := do(t, handler, get(pathKeySet).with("If-None-Match", known))
		if a.status != http.StatusNotModified || len(a.body) != 0 || a.header.Get("ETag") != tag || a.header.Get("Cache-Control") != caching {
			t.Errorf("with %s: got %d %v %s", known, a.status, a.header, a.body)
		}
	}
	if a := do(t, handler, get(pathKeySet).with("If-None-Match", `"other"`)); a.status != http.StatusOK || !bytes.Equal(a.body, full.body) {
		t.Errorf("with another tag: got %d %s", a.status, a.body)
	}
	if a := do(t, handler, call{method: "HEAD", path: pathKeySet}); a.status != http.StatusOK || a.header.Get("ETag") != tag {
		t.Errorf("HEAD: got %d %v", a.status, a.header)
	}
}

// keySetOf serves the keyring of a first boot, and nothing else.
func keySetOf(t testing.TB, alg tokens.Alg) http.Handler {
	t.Helper()
	keyring, err := tokens.OpenKeyring(t.Context(), tokens.KeyringConfig{
		Store: openStore(t), MasterKeys: [][]byte{make([]byte, tokens.MasterKeyBytes)},
		AccessTTL: testAccessTTL, JWKSMaxAge: 5 * time.Minute, Alg: alg, Random: rand.Reader, Now: time.Now,
	})
	must(t, err)
	c := broken{}.config(new(logged).logger())
	c.Keys = keyring
	handler, err := New(c)
	must(t, err)
	return handler
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

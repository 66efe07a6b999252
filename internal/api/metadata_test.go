package api

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/tokens"
)

func TestTheMetadataIsOneDocumentOnTwoPaths(t *testing.T) { // D15
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	one, other := do(t, handler, get(pathServerMetadata)), do(t, handler, get(pathOpenIDMetadata))
	if one.status != http.StatusOK || !bytes.Equal(one.body, other.body) {
		t.Errorf("got %d %s and %d %s", one.status, one.body, other.status, other.body)
	}
	got := map[string]string{}
	want := map[string]string{"Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*", "Content-Type": "application/json"}
	for name := range want {
		got[name] = one.header.Get(name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	for _, path := range []string{pathServerMetadata, pathOpenIDMetadata} {
		a := do(t, handler, get(path).with("If-None-Match", one.header.Get("ETag")))
		if a.status != http.StatusNotModified || len(a.body) != 0 {
			t.Errorf("%s with its tag: got %d %s", path, a.status, a.body)
		}
	}
}

func TestEveryAddressOfTheMetadataBeginsWithTheIssuer(t *testing.T) { // F17
	t.Parallel()
	for issuer, base := range map[string]string{
		"https://auth.example":      "https://auth.example",
		"https://auth.example/":     "https://auth.example", // to the letter in issuer, and no path has two slashes
		"https://auth.example/a/b":  "https://auth.example/a/b",
		"http://127.0.0.1:8080":     "http://127.0.0.1:8080",
		"https://auth.example/a/b/": "https://auth.example/a/b",
	} {
		text, err := newMetadata(issuer, tokens.Algs())
		must(t, err)
		var document map[string]any
		must(t, json.Unmarshal(text, &document))
		if document["issuer"] != issuer {
			t.Errorf("%s: issuer %q", issuer, document["issuer"])
		}
		addresses := 0
		for name, value := range document {
			address, isText := value.(string)
			if !isText || name == "issuer" {
				continue
			}
			addresses++
			if path, of := strings.CutPrefix(address, base); !of || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
				t.Errorf("%s: %s is %q", issuer, name, address)
			}
		}
		if addresses != 6 {
			t.Errorf("%s: %d addresses in %s", issuer, addresses, text)
		}
	}
}

// What the metadata names must be there, or a client that believes it fails at the first request.
func TestTheMetadataNamesRoutesOfTheContract(t *testing.T) {
	t.Parallel()
	text, err := newMetadata(testIssuer, tokens.Algs())
	must(t, err)
	var document map[string]any
	must(t, json.Unmarshal(text, &document))
	for name, value := range document {
		address, isText := value.(string)
		if path, of := strings.CutPrefix(address, testIssuer+"/"); isText && of && mustContract(t).doc.Paths.Value("/"+path) == nil {
			t.Errorf("%s is %s, which the contract does not name", name, address)
		}
	}
}

// RFC 8414 gives these a meaning when they are left out: grants and ways to show a secret that authd does
// not have.
func TestNoListOfTheMetadataIsLeftToItsDefault(t *testing.T) {
	t.Parallel()
	text, err := newMetadata(testIssuer, tokens.Algs())
	must(t, err)
	var document map[string]any
	must(t, json.Unmarshal(text, &document))
	for _, name := range []string{"grant_types_supported", "response_types_supported", "response_modes_supported",
		"token_endpoint_auth_methods_supported", "revocation_endpoint_auth_methods_supported",
		"introspection_endpoint_auth_methods_supported", "id_token_signing_alg_values_supported"} {
		if _, isList := document[name].([]any); !isList {
			t.Errorf("%s is %v", name, document[name])
		}
	}
	for _, name := range []string{"authorization_endpoint", "registration_endpoint", "userinfo_endpoint", "scopes_supported"} {
		if value, there := document[name]; there {
			t.Errorf("%s is %v, and there is no such thing", name, value)
		}
	}
}

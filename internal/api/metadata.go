package api

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/authd/authd/internal/tokens"
)

const (
	pathServerMetadata = "/.well-known/oauth-authorization-server" // RFC 8414
	pathOpenIDMetadata = "/.well-known/openid-configuration"       // where most libraries look

	// metadataCaching lets a change of the document, which comes with a new release or another issuer,
	// arrive within the hour.
	metadataCaching = "public, max-age=3600"
)

// metadata describes the service to OAuth libraries (RFC 8414, section 2). Lists are there although they
// are empty, against section 3.2: one that is left out means its default, and those are grants, response
// modes and ways to show a secret that authd does not have.
type metadata struct {
	Issuer                   string       `json:"issuer"`
	TokenEndpoint            string       `json:"token_endpoint"`
	TokenAuthMethods         []string     `json:"token_endpoint_auth_methods_supported"`
	IntrospectionEndpoint    string       `json:"introspection_endpoint"`
	IntrospectionAuthMethods []string     `json:"introspection_endpoint_auth_methods_supported"`
	RevocationEndpoint       string       `json:"revocation_endpoint"`
	RevocationAuthMethods    []string     `json:"revocation_endpoint_auth_methods_supported"`
	GrantTypes               []string     `json:"grant_types_supported"`
	ResponseTypes            []string     `json:"response_types_supported"`
	ResponseModes            []string     `json:"response_modes_supported"`
	KeysURI                  string       `json:"jwks_uri"`
	RevocationsURI           string       `json:"revocations_uri"`
	Documentation            string       `json:"service_documentation"`
	SubjectTypes             []string     `json:"subject_types_supported"`
	IDTokenSigningAlgorithms []tokens.Alg `json:"id_token_signing_alg_values_supported"`
}

// newMetadata makes the document's bytes. Every address in it begins with the configured issuer: one
// that was taken from a request's Host would be an attacker's to choose (F17). Where the issuer has a
// path, whoever puts authd below that path takes it off again, here as for every other route.
func newMetadata(issuer string, algorithms []tokens.Alg) ([]byte, error) {
	at := func(path string) string { return strings.TrimSuffix(issuer, "/") + path }
	text, err := json.Marshal(metadata{
		Issuer:                   issuer, // to the letter: it is compared so (RFC 8414, section 3.3)
		TokenEndpoint:            at("/oauth/token"),
		TokenAuthMethods:         []string{"client_secret_basic", "none"},
		IntrospectionEndpoint:    at("/oauth/introspect"),
		IntrospectionAuthMethods: []string{"client_secret_basic"},
		RevocationEndpoint:       at("/oauth/revoke"),
		RevocationAuthMethods:    []string{"client_secret_basic", "none"},
		GrantTypes:               []string{"client_credentials", "refresh_token"},
		ResponseTypes:            []string{}, // there is no authorization endpoint
		ResponseModes:            []string{},
		KeysURI:                  at("/.well-known/jwks.json"),
		RevocationsURI:           at("/revocations"),
		Documentation:            at("/openapi.yaml"),
		// A sub is the same for everybody who sees it.
		SubjectTypes: []string{"public"},
		// There are no ID tokens. Libraries of OpenID take the algorithms that they allow from here, for
		// whatever the issuer signs, and without it some allow RS256 and nothing else. All that this build
		// can sign with are named, because many read the document once, and an operator may change his mind.
		IDTokenSigningAlgorithms: algorithms,
	}, jsontext.WithIndent("  "))
	if err != nil {
		return nil, fmt.Errorf("encode the metadata: %w", err)
	}
	return line(text), nil
}

func (a *api) metadata(x *exchange, r *http.Request) error {
	a.metadataText.send(x, r)
	return nil
}

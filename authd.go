// Package authd is a service that backend teams put beside their own: it checks passwords, opens
// sessions and hands out short-lived access tokens that every service verifies offline, and it can
// still log people out now.
//
// JWTs are said to be unrevocable, and sessions are said not to scale. authd keeps a small table of
// killed tokens and one integer per user, the epoch, and publishes both as a signed feed; a verifier
// that follows the feed needs neither a database nor a request to know that a token is dead.
//
// The program is cmd/authd. This package holds the contract of its HTTP API and nothing else, so that
// whoever serves or tests the API reads the same bytes.
package authd

import _ "embed"

// OpenAPI is openapi.yaml, the contract of the HTTP API. It must not be changed.
//
//go:embed openapi.yaml
var OpenAPI []byte

package api

import "net/http"

// description is the answer to GET /, for whoever points a browser at the port.
type description struct {
	Service     string `json:"service"`
	Description string `json:"description"`
	Links       links  `json:"links"`
}

// links are relative, so that no forged Host header can point them elsewhere (F17).
type links struct {
	Contract string `json:"contract"`
	Keys     string `json:"keys"`
	Metadata string `json:"metadata"`
	Alive    string `json:"alive"`
	Ready    string `json:"ready"`
}

// about names no version: it would tell an attacker which holes to try.
func about(x *exchange, _ *http.Request) error {
	return x.sendJSON(http.StatusOK, description{
		Service: "authd",
		Description: "Checks passwords, opens sessions, hands out tokens that services verify offline, " +
			"and logs people out.",
		Links: links{Contract: "/openapi.yaml", Keys: "/.well-known/jwks.json",
			Metadata: pathServerMetadata, Alive: "/livez", Ready: "/readyz"},
	})
}

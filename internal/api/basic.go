package api

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
)

// publicClient is the client of every session. It has no secret: whoever holds one of its tokens may use it.
const publicClient = "authd"

var (
	errBasicMalformed = invalidClient("The Authorization header must be: Basic, a space, the client's id and secret in base64.")
	errSecretInBody   = invalidClient("Send the client's id and secret by HTTP Basic, and no secret in the body.")
	errNoClient       = invalidClient("Send the client's id and secret by HTTP Basic.")
	errTwoWays        = invalidRequest("", "The client must prove itself in one way, by HTTP Basic alone.")
	errTwoNames       = invalidRequest("", "The parameter client_id names another client than the Authorization header.")
)

// invalidClient is a client that did not prove who it is.
func invalidClient(public string) *auth.Error {
	return &auth.Error{Kind: auth.InvalidClient, Code: "invalid_client", Public: public}
}

// caller is the client that asks.
type caller struct {
	accounts.Client      // zero unless it proved its secret
	named           bool // it gave a name that is neither proved nor the public client's
}

func (c caller) proved() bool { return !c.ID.IsZero() }

// caller finds out who asks. Without a header it is the public client, or somebody who only gave a name.
func (a *api) caller(x *exchange, r *http.Request, f form) (c caller, err error) {
	headers := r.Header["Authorization"] // the front has seen that there is at most one
	if len(headers) == 0 {
		if f["client_secret"] != "" || f["client_assertion"] != "" || f["client_assertion_type"] != "" {
			return c, errSecretInBody
		}
		return caller{named: f["client_id"] != "" && f["client_id"] != publicClient}, nil
	}
	id, secret, ok := parseBasic(headers[0])
	switch {
	case !ok:
		return c, errBasicMalformed
	case f["client_secret"] != "" || f["client_assertion"] != "":
		return c, errTwoWays // RFC 6749, section 2.3
	case f["client_id"] != "" && f["client_id"] != id:
		return c, errTwoNames
	case id == publicClient && secret == "":
		return c, nil // how libraries that know one way alone name a client without a secret
	}
	c.Client, err = a.Clients.AuthenticateClient(r.Context(), id, secret, origin(x, r))
	return c, err
}

// proven is caller for a route that asks for a secret.
func (a *api) proven(x *exchange, r *http.Request, f form) (accounts.Client, error) {
	c, err := a.caller(x, r, f)
	if err == nil && !c.proved() {
		err = errNoClient
	}
	return c.Client, err
}

// parseBasic reads HTTP Basic as OAuth has it: both halves are encoded as in a form (RFC 6749, section
// 2.3.1). Ids and secrets of ours have no character that this changes, so clients that forget it work too.
func parseBasic(header string) (id, secret string, ok bool) {
	scheme, credentials, _ := strings.Cut(header, " ")
	b, err := base64.StdEncoding.Strict().DecodeString(credentials)
	if !strings.EqualFold(scheme, "Basic") || err != nil || strings.ContainsAny(credentials, "\r\n") {
		return "", "", false
	}
	id, secret, ok = strings.Cut(string(b), ":")
	if !ok || id == "" {
		return "", "", false
	}
	id, plainID := unescape(id)
	secret, plainSecret := unescape(secret)
	return id, secret, plainID && plainSecret
}

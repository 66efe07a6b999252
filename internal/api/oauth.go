package api

import (
	"context"
	"net/http"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// Clients is what the routes need of the clients. Errors that a client may learn of are *auth.Error.
type Clients interface {
	// AuthenticateClient returns the client of an id and its secret, or an error of kind InvalidClient.
	AuthenticateClient(ctx context.Context, id, secret string, from tokens.Origin) (accounts.Client, error)
}

// Grants is what the routes of OAuth need of the tokens, besides [Sessions].
type Grants interface {
	Refresh(ctx context.Context, refreshToken string, from tokens.Origin) (tokens.Pair, error)
	RefuseRefresh(ctx context.Context, refreshToken string, holder auth.ClientID, from tokens.Origin) error
	MintForClient(ctx context.Context, machine tokens.Machine) (token string, lifetime time.Duration, err error)
	Introspect(ctx context.Context, token string, audience []string) (tokens.Introspection, bool, error)
	RevokePresented(ctx context.Context, token string, holder auth.ClientID, from tokens.Origin) error
}

var (
	errPasswordGrant = &auth.Error{Kind: auth.InvalidRequest, Code: "unsupported_grant_type",
		Public: "The password grant is not offered: it hands passwords to clients (RFC 9700, section 2.4). Users sign in at /login."}
	errGrantType = &auth.Error{Kind: auth.InvalidRequest, Code: "unsupported_grant_type",
		Public: "The grants are client_credentials and refresh_token."}
	errNoScopes = &auth.Error{Kind: auth.InvalidRequest, Code: "invalid_scope",
		Public: "A session has no scopes: leave scope out. Its roles are those that its user has now."}
)

// token gives tokens for a grant (RFC 6749, section 3.2).
func (a *api) token(x *exchange, r *http.Request) error {
	f, err := decodeForm(x, r)
	if err != nil {
		return err
	}
	grant, err := f.must("grant_type")
	if err != nil {
		return err
	}
	switch grant {
	case "client_credentials":
		return a.grantMachine(x, r, f)
	case "refresh_token":
		return a.grantRefresh(x, r, f)
	case "password":
		return errPasswordGrant
	}
	return errGrantType
}

// machineToken is the answer to the grant client_credentials (RFC 6749, section 4.4.3).
type machineToken struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"`
	Scope       string `json:"scope,omitempty"`
}

func (a *api) grantMachine(x *exchange, r *http.Request, f form) error {
	client, err := a.proven(x, r, f)
	if err != nil {
		return err
	}
	scopes, err := grantScopes(client.Scopes, f["scope"])
	if err != nil {
		return err
	}
	audience, err := grantAudience(client.Audiences, a.Audience, f["resource"])
	if err != nil {
		return err
	}
	token, lifetime, err := a.Grants.MintForClient(r.Context(), tokens.Machine{
		ID: client.ID, Epoch: client.Epoch, ProvenAt: client.ProvenAt, Scopes: scopes, Audience: audience, Origin: origin(x, r),
	})
	if err != nil {
		return err
	}
	return x.sendJSON(http.StatusOK, machineToken{
		AccessToken: token, TokenType: "Bearer", ExpiresIn: int64(lifetime / time.Second), Scope: joinScopes(scopes),
	})
}

// grantRefresh is POST /refresh in the form that OAuth gave it. Nothing is looked up, and the token not
// shown to the law of rotation, before it is settled that whoever shows it may: a request that is refused
// must not use the token up, and must not end its session (B19).
func (a *api) grantRefresh(x *exchange, r *http.Request, f form) error {
	refresh, err := f.must("refresh_token")
	if err != nil {
		return err
	}
	c, err := a.caller(x, r, f)
	switch {
	case err != nil:
		return err
	case c.named || c.proved():
		return a.Grants.RefuseRefresh(r.Context(), refresh, c.ID, origin(x, r))
	case f["scope"] != "":
		return errNoScopes // never more than was granted (B27; RFC 6749, section 6)
	}
	p, err := a.Grants.Refresh(r.Context(), refresh, origin(x, r))
	if err != nil {
		return err
	}
	return x.sendPair(p)
}

// revoke ends what a token stands for (RFC 7009). The hint of its type is not looked at (C11).
func (a *api) revoke(x *exchange, r *http.Request) error {
	f, err := decodeForm(x, r)
	if err != nil {
		return err
	}
	c, err := a.caller(x, r, f)
	if err == nil && c.named {
		err = errNoClient
	}
	if err != nil {
		return err
	}
	token, err := f.must("token")
	if err != nil {
		return err
	}
	if err := a.Grants.RevokePresented(r.Context(), token, c.ID, origin(x, r)); err != nil {
		return err
	}
	x.WriteHeader(http.StatusOK)
	return nil
}

package api

import (
	"net/http"

	"github.com/authd/authd/internal/tokens"
)

// introspected is what a live access token says (RFC 7662, section 2.2), in the words of the token.
type introspected struct {
	Active    bool     `json:"active"`
	TokenType string   `json:"token_type"`
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  []string `json:"aud"`
	Expiry    int64    `json:"exp"`
	IssuedAt  int64    `json:"iat"`
	ID        string   `json:"jti"`
	Client    string   `json:"client_id"`
	Session   string   `json:"sid,omitempty"`
	AuthTime  int64    `json:"auth_time,omitzero"`
	Epoch     int64    `json:"epoch"`
	Scope     string   `json:"scope,omitempty"`
	Roles     []string `json:"roles,omitempty"`
}

// inactive is all that is said of any other token: why it is none would help who tries them (C25).
type inactive struct {
	Active bool `json:"active"`
}

// introspect tells a client that proved its secret what a token says. The token is not looked at before
// that, or anybody could try tokens here (RFC 7662, section 4).
func (a *api) introspect(x *exchange, r *http.Request) error {
	f, err := decodeForm(x, r)
	if err != nil {
		return err
	}
	client, err := a.proven(x, r, f)
	if err != nil {
		return err
	}
	token, err := f.must("token")
	if err != nil {
		return err
	}
	i, live, err := a.Grants.Introspect(r.Context(), token, client.Audiences)
	if err != nil {
		return err
	}
	if !live {
		return x.sendJSON(http.StatusOK, inactive{})
	}
	return x.sendJSON(http.StatusOK, introspectedOf(i))
}

func introspectedOf(i tokens.Introspection) introspected {
	out := introspected{
		Active: true, TokenType: "Bearer", Issuer: i.Issuer, Subject: i.Subject, Audience: i.Audience,
		Expiry: i.Expiry.Unix(), IssuedAt: i.IssuedAt.Unix(), ID: i.ID, Client: i.Client, Session: i.Session,
		Epoch: int64(i.Epoch), Scope: i.Scope, Roles: i.Roles,
	}
	if !i.AuthTime.IsZero() {
		out.AuthTime = i.AuthTime.Unix()
	}
	return out
}

package api

import (
	"net/http"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/tokens"
)

// pair is the answer that opens or goes on with a session.
type pair struct {
	AccessToken      string `json:"access_token"`
	TokenType        string `json:"token_type"`
	ExpiresIn        int64  `json:"expires_in"`
	RefreshToken     string `json:"refresh_token"`
	RefreshExpiresIn int64  `json:"refresh_expires_in"`
	SessionID        string `json:"session_id"`
	SessionExpiresAt string `json:"session_expires_at"`
}

// sendPair rounds lifetimes down: a client that is told a longer one comes with a dead token.
func (x *exchange) sendPair(p tokens.Pair) error {
	return x.sendJSON(http.StatusOK, pair{
		AccessToken:      p.AccessToken,
		TokenType:        "Bearer",
		ExpiresIn:        int64(p.ExpiresIn / time.Second),
		RefreshToken:     p.RefreshToken,
		RefreshExpiresIn: int64(p.RefreshExpiresIn / time.Second),
		SessionID:        p.Session.String(),
		SessionExpiresAt: timestamp(p.SessionExpiresAt),
	})
}

// credentials is the body of POST /login.
type credentials struct {
	Username text `json:"username"`
	Password text `json:"password"`
	Device   text `json:"device"`
}

func (b *credentials) required() []member {
	return []member{{"/username", b.Username.given}, {"/password", b.Password.given}}
}

func (a *api) login(x *exchange, r *http.Request) error {
	var b credentials
	if err := decode(x, r, &b); err != nil {
		return err
	}
	from := origin(x, r)
	var err error
	if from.Device, err = cleanDevice(b.Device.value); err != nil {
		return err
	}
	p, err := a.Accounts.Login(r.Context(), accounts.Login{
		Username: b.Username.value, Password: b.Password.value, Origin: from,
	})
	if err != nil {
		return err
	}
	return x.sendPair(p)
}

// rotation is the body of POST /refresh.
type rotation struct {
	RefreshToken text `json:"refresh_token"`
}

func (b *rotation) required() []member { return []member{{"/refresh_token", b.RefreshToken.given}} }

func (a *api) refresh(x *exchange, r *http.Request) error {
	var b rotation
	if err := decode(x, r, &b); err != nil {
		return err
	}
	p, err := a.Sessions.Refresh(r.Context(), b.RefreshToken.value, origin(x, r))
	if err != nil {
		return err
	}
	return x.sendPair(p)
}

// ending is the body of POST /logout, which needs none.
type ending struct {
	RefreshToken text `json:"refresh_token"`
	Scope        text `json:"scope"`
}

func (b *ending) required() []member { return nil }

func (a *api) logout(x *exchange, r *http.Request) error {
	var b ending
	if err := decodeOptional(x, r, &b); err != nil {
		return err
	}
	access, err := bearer(r)
	if err != nil {
		return err
	}
	scope := tokens.ScopeSession
	if b.Scope.given {
		scope = tokens.Scope(b.Scope.value)
	}
	switch scope {
	case tokens.ScopeSession, tokens.ScopeOthers, tokens.ScopeAll:
	default:
		return invalidRequest("/scope", "The scope must be session, others or all.")
	}
	if b.RefreshToken.value == "" && (access == "" || b.RefreshToken.given) {
		return tokens.ErrTokenInvalid // an empty token is a wrong one, not one that was left out
	}
	err = a.Sessions.LogOut(r.Context(), tokens.LogOut{
		Access: access, Refresh: b.RefreshToken.value, Scope: scope, Origin: origin(x, r),
	})
	if err != nil {
		return err
	}
	x.WriteHeader(http.StatusNoContent)
	return nil
}

package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/tokens"
)

// pair is the answer that opens or goes on with a session.
type pair struct {
	AccessToken      string `json:"access_token"`
	TokenType        string `json:"token_type"`
	ExpiresIn        int64  `json:"expires_in"`
	RefreshToken     string `json:"refresh_token,omitempty"` // empty: it is in the cookie
	RefreshExpiresIn int64  `json:"refresh_expires_in"`
	SessionID        string `json:"session_id"`
	SessionExpiresAt string `json:"session_expires_at"`
}

// sendPair rounds lifetimes down: a client that is told a longer one comes with a dead token.
func (x *exchange) sendPair(p tokens.Pair) error {
	answer := pair{
		AccessToken:      p.AccessToken,
		TokenType:        "Bearer",
		ExpiresIn:        int64(p.ExpiresIn / time.Second),
		RefreshToken:     p.RefreshToken,
		RefreshExpiresIn: int64(p.RefreshExpiresIn / time.Second),
		SessionID:        p.Session.String(),
		SessionExpiresAt: timestamp(p.SessionExpiresAt),
	}
	x.send(http.StatusOK, mediaJSON, line(answer.appendTo(make([]byte, 0, 1<<10)))) // more than most take
	return nil
}

// appendTo writes what an encoder would, 3 µs sooner: this is the answer to every refresh. No
// member needs an escape. Tokens and ids are base64url, and times are digits.
func (p *pair) appendTo(b []byte) []byte {
	b = append(append(b, `{"access_token":"`...), p.AccessToken...)
	b = append(append(b, `","token_type":"`...), p.TokenType...)
	b = strconv.AppendInt(append(b, `","expires_in":`...), p.ExpiresIn, 10)
	if p.RefreshToken != "" {
		b = append(append(b, `,"refresh_token":"`...), p.RefreshToken...)
		b = append(b, '"')
	}
	b = strconv.AppendInt(append(b, `,"refresh_expires_in":`...), p.RefreshExpiresIn, 10)
	b = append(append(b, `,"session_id":"`...), p.SessionID...)
	b = append(append(b, `","session_expires_at":"`...), p.SessionExpiresAt...)
	return append(b, `"}`...)
}

// credentials is the body of POST /login.
type credentials struct {
	Username text `json:"username"`
	Password text `json:"password"`
	Device   text `json:"device"`

	Cookie boolean `json:"cookie"` // keep the refresh token where scripts cannot read it
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
	login := accounts.Login{Username: b.Username.value, Password: b.Password.value, Origin: from}
	if b.Cookie.value {
		return a.loginByCookie(x, r, login)
	}
	p, err := a.Accounts.Login(r.Context(), login)
	if err != nil {
		return err
	}
	return x.sendPair(p)
}

// rotation is the body of POST /refresh. Without the token, the cookie is what is meant.
type rotation struct {
	RefreshToken text `json:"refresh_token"`
}

func (b *rotation) required() []member { return nil }

func (a *api) refresh(x *exchange, r *http.Request) error {
	cookie, byCookie, err := a.cookie(r)
	if err != nil {
		return err
	}
	var b rotation
	if err := decode(x, r, &b); err != nil {
		return err
	}
	token := b.RefreshToken.value
	switch {
	case byCookie && b.RefreshToken.given:
		return errTwoTokens
	case byCookie:
		token = cookie
	case !b.RefreshToken.given:
		return errNoRefreshToken
	}
	p, err := a.Sessions.Refresh(r.Context(), token, origin(x, r))
	switch {
	case err != nil && byCookie:
		return x.clearIfRefused(err)
	case err != nil:
		return err
	case byCookie:
		return x.sendPairByCookie(p)
	}
	return x.sendPair(p)
}

// ending is the body of POST /logout, which needs none.
type ending struct {
	RefreshToken text `json:"refresh_token"`
	Scope        text `json:"scope"`
}

func (b *ending) required() []member { return nil }

func (b *ending) scope() (tokens.Scope, error) {
	if !b.Scope.given {
		return tokens.ScopeSession, nil
	}
	switch scope := tokens.Scope(b.Scope.value); scope {
	case tokens.ScopeSession, tokens.ScopeOthers, tokens.ScopeAll:
		return scope, nil
	}
	return "", invalidRequest("/scope", "The scope must be session, others or all.")
}

func (a *api) logout(x *exchange, r *http.Request) error {
	cookie, cookied, err := a.cookie(r)
	if err != nil {
		return err
	}
	access, err := bearer(r)
	if err != nil {
		return err
	}
	read := decodeOptional
	if cookied && access == "" {
		read = decode // by the cookie alone: no form can send JSON
	}
	var b ending
	if err := read(x, r, &b); err != nil {
		return err
	}
	scope, err := b.scope()
	if err != nil {
		return err
	}
	request := tokens.LogOut{Access: access, Refresh: b.RefreshToken.value, Scope: scope, Origin: origin(x, r)}
	switch {
	case cookied && b.RefreshToken.given:
		return errTwoTokens
	case cookied:
		return a.logoutWithCookie(x, r, request, cookie)
	case request.Refresh == "" && (access == "" || b.RefreshToken.given):
		return tokens.ErrTokenInvalid // an empty token is a wrong one, not one that was left out
	}
	if err := a.Sessions.LogOut(r.Context(), request); err != nil {
		return err
	}
	x.WriteHeader(http.StatusNoContent)
	return nil
}

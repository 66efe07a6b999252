package api

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// A browser may keep a refresh token in a cookie, where no script can read it: not the page's own, and
// not one that somebody smuggled into the page. POST /login is asked for that, and from then on the
// token never stands in a body.
//
// The name's prefix is a promise that browsers keep: such a cookie was set by this very host, by https,
// for all of its paths. A neighbour below the same domain cannot toss one of its own in (F20).
const refreshCookie = "__Host-authd_refresh"

var (
	errTwoCookies = invalidRequest("", "There must be one cookie named "+refreshCookie+".")
	errTwoTokens  = invalidRequest("/refresh_token",
		"A refresh token travels in the body or in the cookie, not in both. Ask without credentials to leave the cookie out.")
	errNoHTTPS = invalidRequest("/cookie",
		"A cookie needs https, and the issuer of this server is an http address. Without cookie the refresh token is in the body.")
	errNoRefreshToken = &auth.Error{Kind: auth.InvalidGrant, Code: tokens.ErrRefreshTokenInvalid.Code,
		Public: "There is no refresh token in the body, and no cookie came along."}
)

// findCookie returns what the refresh cookie holds, to the letter. The library's parser is not asked,
// because it drops what it finds malformed: of two cookies one would be left, and which one is exactly
// what a second reader may see otherwise (F11).
func findCookie(r *http.Request) (value string, there bool, err error) {
	for _, header := range r.Header["Cookie"] {
		for one := range strings.SplitSeq(header, ";") {
			name, text, _ := strings.Cut(strings.Trim(one, " \t"), "=")
			switch {
			case name != refreshCookie:
			case there:
				return "", true, errTwoCookies
			default:
				value, there = text, true
			}
		}
	}
	return value, there, nil
}

// cookie returns the refresh cookie for a route that is about to act on it. Browsers send cookies along
// whoever made them ask, so who did has to be one of those who may.
func (a *api) cookie(r *http.Request) (value string, there bool, err error) {
	value, there, err = findCookie(r)
	if err == nil && there {
		err = a.origins.check(r)
	}
	return value, there, err
}

// loginByCookie opens a session whose refresh token goes into a cookie. A page of somebody else's that
// could do this would sign its visitor in as its own user, and read later what the visitor does there.
func (a *api) loginByCookie(x *exchange, r *http.Request, login accounts.Login) error {
	if !a.cookies {
		return errNoHTTPS
	}
	if err := a.origins.check(r); err != nil {
		return err
	}
	before, replaced, err := findCookie(r)
	if err != nil {
		return err
	}
	p, err := a.Accounts.Login(r.Context(), login)
	if err != nil {
		return err
	}
	if replaced {
		// The browser forgets it with this answer: a session that nobody holds is one for thieves. The
		// login was good whatever comes of this.
		if err := a.endCookie(r, before, login.Origin); err != nil {
			a.Logger.WarnContext(r.Context(), "the session of a replaced cookie goes on", "request_id", x.id, "error", err.Error())
		}
	}
	return x.sendPairByCookie(p)
}

// endCookie ends the session of a cookie that the browser is about to forget. One that is not ours has none.
func (a *api) endCookie(r *http.Request, token string, from tokens.Origin) error {
	if token == "" {
		return nil
	}
	err := a.Sessions.LogOut(r.Context(), tokens.LogOut{Refresh: token, Scope: tokens.ScopeSession, Origin: from})
	if refused(err) {
		return nil
	}
	return err
}

// logoutWithCookie ends what the access token says, or else the cookie, and has the browser forget the
// cookie unless its session lives on. Whose session the cookie is of does not matter: who signs out
// wants nothing left in this browser.
func (a *api) logoutWithCookie(x *exchange, r *http.Request, request tokens.LogOut, cookie string) error {
	byCookie := request.Access == ""
	if byCookie {
		request.Refresh = cookie
	}
	err := a.Sessions.LogOut(r.Context(), request)
	switch {
	case err != nil && byCookie:
		return x.clearIfRefused(err)
	case err != nil:
		return err
	case request.Scope != tokens.ScopeOthers:
		if !byCookie {
			err = a.endCookie(r, cookie, request.Origin)
		}
		if err != nil {
			return err
		}
		x.clearCookie()
	}
	x.WriteHeader(http.StatusNoContent)
	return nil
}

// inCookie reports whether a session lives in the cookie that came along. Another session's cookie is
// none of the business of a route that works with an access token.
func (a *api) inCookie(r *http.Request, session auth.SessionID) (bool, error) {
	value, there, err := a.cookie(r)
	if err != nil || !there {
		return false, err
	}
	of, err := a.Sessions.SessionOf(r.Context(), value)
	if errors.Is(err, tokens.ErrRefreshTokenInvalid) {
		return false, nil
	}
	return of == session, err
}

// refused reports whether err is answered by 401.
func refused(err error) bool {
	return err != nil && meanings[publicError(err).Kind].status == http.StatusUnauthorized
}

// clearIfRefused passes on the error of what was asked by cookie. A cookie that opens nothing would be
// sent, and refused, for as long as it lives.
func (x *exchange) clearIfRefused(err error) error {
	if refused(err) {
		x.clearCookie()
	}
	return err
}

// sendPairByCookie is sendPair with the refresh token in the cookie, which lives as long as the token.
func (x *exchange) sendPairByCookie(p tokens.Pair) error {
	// Zero would be no limit for the library, and a cookie that stays until the browser is closed.
	x.setCookie(p.RefreshToken, max(1, int(p.RefreshExpiresIn/time.Second)))
	p.RefreshToken = ""
	return x.sendPair(p)
}

func (x *exchange) clearCookie() { x.setCookie("", -1) }

func (x *exchange) setCookie(value string, maxAge int) {
	c := http.Cookie{Name: refreshCookie, Value: value, Path: "/", MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode}
	x.Header().Set("Set-Cookie", c.String())
}

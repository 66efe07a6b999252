package tokens

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
)

// maxAccess bounds what is looked at at all. Ours have about 550 bytes.
const maxAccess = 8 << 10

// claims are those of RFC 9068 with sid (OpenID Connect Front-Channel Logout 1.0) and the epoch.
type claims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
	Expiry   int64    `json:"exp"`
	IssuedAt int64    `json:"iat"`
	ID       string   `json:"jti"`
	Client   string   `json:"client_id"`
	Session  string   `json:"sid,omitempty"`
	AuthTime int64    `json:"auth_time,omitempty"`
	Epoch    int64    `json:"epoch"`
	Roles    []string `json:"roles,omitempty"`
	Scope    string   `json:"scope,omitempty"`

	NotBefore int64 `json:"nbf,omitempty"` // never written; a later version that writes it will mean it
}

// audience is one string in the token when it has one member (RFC 7519, section 4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*a = make(audience, 1)
		return json.Unmarshal(b, &(*a)[0])
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// accessToken is one whose signature was found good. It may be expired or killed.
type accessToken struct {
	claims
	kid     string
	user    auth.UserID
	session auth.SessionID // zero for a machine's token
}

// mint signs an access token for a session at the store's clock. Its lifetime never reaches past the
// absolute end of the session, and its epoch is the session's, never the user's of the moment: a token
// of a session that lost a race against a raised epoch is born dead.
func (s *Sessions) mint(session *Loaded, clock time.Time) (token string, lifetime time.Duration, err error) {
	expiry := clock.Add(s.policy.AccessTTL)
	if session.EndsAt.Before(expiry) {
		expiry = session.EndsAt
	}
	return s.issue(clock, expiry, claims{
		Subject:  session.User.String(),
		Audience: s.audience,
		Client:   session.ClientID,
		Session:  session.ID.String(),
		AuthTime: session.CreatedAt.Unix(),
		Epoch:    int64(session.Epoch),
		Roles:    session.Owner.Roles,
	})
}

// issue completes the claims of a token that is made now, and signs it. Without news of kills nothing is:
// one that is not heard of could be forgotten before the token expires.
func (s *Sessions) issue(clock, expiry time.Time, c claims) (token string, lifetime time.Duration, err error) {
	if s.live.Stale() {
		return "", 0, errStale
	}
	id, err := auth.NewTokenID(s.random)
	if err != nil {
		return "", 0, fmt.Errorf("make a token id: %w", err)
	}
	c.Issuer, c.IssuedAt, c.Expiry, c.ID = s.issuer, clock.Unix(), expiry.Unix(), id.String()
	if token, err = s.keyring.sign(clock, c); err != nil {
		return "", 0, err
	}
	s.meter.Minted()
	return token, time.Duration(c.Expiry-c.IssuedAt) * time.Second, nil
}

// openAccess checks form and signature. authd reads only tokens that it wrote, so the header is not
// parsed: it must be, to the letter, the header that one of our keys that was not killed puts on its
// tokens. That leaves no room for another algorithm, type, crit or embedded key (RFC 8725).
func (k *Keyring) openAccess(text string) (t accessToken, ok bool) {
	if len(text) > maxAccess {
		return t, false
	}
	header, rest, _ := strings.Cut(text, ".")
	payload, signature, two := strings.Cut(rest, ".")
	if !two || strings.Contains(signature, ".") {
		return t, false
	}
	key, known := k.ring.Load().byHeader[header]
	if !known || !key.verify(text[:len(header)+1+len(payload)], signature) {
		return t, false
	}
	body, err := decodeSegment(payload)
	if err != nil {
		return t, false
	}
	if t.claims, ok = readClaims(body); !ok {
		return t, false
	}
	t.kid = key.kid
	if t.user, err = auth.ParseUserID(t.Subject); err != nil {
		return t, false
	}
	if t.Session != "" {
		t.session, err = auth.ParseSessionID(t.Session)
	}
	return t, err == nil
}

// Principal is who a live access token stands for.
type Principal struct {
	User    auth.UserID
	Session auth.SessionID // zero for a machine
	Epoch   auth.Epoch     // the token's
}

// Authenticate checks an access token as a verifier would: offline, by the live set. It says
// [auth.ErrUnavailable] when there was no news for too long. [ErrTokenInvalid] if the token is not ours,
// expired or killed; [ErrNoSession] if it is a machine's.
func (s *Sessions) Authenticate(_ context.Context, access string) (Principal, error) {
	token, ok := s.openAccess(access)
	if !ok {
		return Principal{}, ErrTokenInvalid
	}
	if token.session.IsZero() {
		return Principal{}, ErrNoSession
	}
	if err := s.checkAccess(&token, s.live.Clock()); err != nil {
		return Principal{}, err
	}
	return Principal{User: token.user, Session: token.session, Epoch: auth.Epoch(token.Epoch)}, nil
}

// openAccess opens a token of this issuer whose key was not killed. The live set knows of that before
// the keyring was read again.
func (s *Sessions) openAccess(text string) (t accessToken, ok bool) {
	t, ok = s.keyring.openAccess(text)
	return t, ok && t.Issuer == s.issuer && s.live.Check(revocation.Token{Kid: t.kid}) != revocation.Dead
}

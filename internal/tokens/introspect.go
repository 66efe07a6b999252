package tokens

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/authd/authd/internal/auth"
)

// Introspection is what a live access token says (RFC 7662, section 2.2).
type Introspection struct {
	ID       string // jti
	Issuer   string
	Subject  string
	Client   string // authd for a session's, else the machine's, which is the subject too
	Session  string // empty for a machine's
	Audience []string
	Scope    string
	Roles    []string
	Epoch    auth.Epoch
	IssuedAt time.Time
	Expiry   time.Time
	AuthTime time.Time // zero for a machine's
}

// Introspect tells what an access token says if it is live: as a verifier would judge it that hears of
// every kill, without a query. audience are those that the asker goes by, besides this service's own: a
// token that is meant for none of them is none of the asker's business, and not live to it (C25). live is
// false for whatever else is wrong, and for a refresh token, too, which is no business of whoever takes
// access tokens. [auth.ErrUnavailable]: there was no news for too long.
func (s *Sessions) Introspect(_ context.Context, token string, audience []string) (i Introspection, live bool, err error) {
	t, ok := s.openAccess(token)
	if !ok {
		return i, false, nil
	}
	err = s.checkFor(&t, slices.Concat(s.audience, audience), s.live.Clock())
	if errors.Is(err, ErrTokenInvalid) {
		return i, false, nil
	}
	if err != nil {
		return i, false, err
	}
	i = Introspection{
		ID: t.ID, Issuer: t.Issuer, Subject: t.Subject, Client: t.Client, Session: t.Session, Audience: t.Audience,
		Scope: t.Scope, Roles: t.Roles, Epoch: auth.Epoch(t.Epoch),
		IssuedAt: time.Unix(t.IssuedAt, 0), Expiry: time.Unix(t.Expiry, 0),
	}
	if t.AuthTime != 0 {
		i.AuthTime = time.Unix(t.AuthTime, 0)
	}
	return i, true, nil
}

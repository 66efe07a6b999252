package verify

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/authd/authd/verify/internal/live"
)

// Claims is what a verified token says. It is a value and can only be read: the verifier remembers
// tokens, and many requests share what it read from one. The methods of the zero Claims return zeros.
type Claims struct{ t *token }

// token is what was read from a token. Nothing in it is written once it has been checked.
type token struct {
	subject, session, id, client    string
	roles, scopes                   []string
	issuedAt, notBefore, expiry     int64 // seconds
	authTime                        int64
	epoch                           int64
	subjectKill, sessionKill, idKey live.Digest
}

// nothing is what the zero Claims read from.
var nothing token

func (c Claims) read() *token {
	if c.t == nil {
		return &nothing
	}
	return c.t
}

// Subject is the user's id, or of a machine the client's. It is what to store as the owner of things.
func (c Claims) Subject() string { return c.read().subject }

// SessionID names the login on one device that the token belongs to. A machine's token has none.
func (c Claims) SessionID() string { return c.read().session }

// TokenID is the id of this one token.
func (c Claims) TokenID() string { return c.read().id }

// ClientID says who got the token: "authd" is a user who signed in there.
func (c Claims) ClientID() string { return c.read().client }

// Epoch is the subject's epoch at the login. There is nothing to compare it with: that is done.
func (c Claims) Epoch() int64 { return c.read().epoch }

// Roles returns a copy of the roles, as they were at the last refresh.
func (c Claims) Roles() []string { return slices.Clone(c.read().roles) }

// HasRole reports whether the subject has a role, to the letter.
func (c Claims) HasRole(role string) bool { return slices.Contains(c.read().roles, role) }

// Scopes returns a copy of the scopes, in the order of the token.
func (c Claims) Scopes() []string { return slices.Clone(c.read().scopes) }

// HasScope reports whether the token has a scope, to the letter: notes does not include notes:read.
func (c Claims) HasScope(scope string) bool { return slices.Contains(c.read().scopes, scope) }

// AuthTime is when the user signed in, which refreshing does not change. It is zero in a machine's token.
func (c Claims) AuthTime() time.Time { return date(c.read().authTime) }

// IssuedAt is when this token was made.
func (c Claims) IssuedAt() time.Time { return date(c.read().issuedAt) }

// Expiry is when the token ends. It is accepted for the leeway longer.
func (c Claims) Expiry() time.Time { return date(c.read().expiry) }

// LogValue makes a log say who it was. Nothing in it lets anybody in.
func (c Claims) LogValue() slog.Value {
	return slog.GroupValue(slog.String("subject", c.Subject()), slog.String("session", c.SessionID()),
		slog.String("token", c.TokenID()), slog.String("client", c.ClientID()))
}

func date(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

type contextKey struct{}

// FromContext returns the claims that [Verifier.Middleware] found good. ok is false where no middleware
// stood before the handler.
func FromContext(ctx context.Context) (claims Claims, ok bool) {
	claims, ok = ctx.Value(contextKey{}).(Claims)
	return claims, ok
}

// NewContext returns a context with claims in it, for a middleware of your own around [Verifier.Token].
func NewContext(ctx context.Context, claims Claims) context.Context {
	return context.WithValue(ctx, contextKey{}, claims)
}

package tokens

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
)

// RevokePresented ends what a token stands for, in the name of who holds it (RFC 7009): an access token
// is killed by its jti, a refresh token of any generation ends its session, and so does an access token
// after sixteen others of its session. What the token is its form says, so no hint is needed (C11). nil, with
// nothing done: it is not a token of this service, or it is dead already; whoever asks learns no more than
// that it does not work now (C4).
//
// holder is the client that proved its secret, zero for none. A session's tokens are authd's own client's,
// which has no secret, and holding one is the authority; a machine's are that machine's.
// [ErrForeignToken]: it is somebody else's, and stays as it is (C10).
func (s *Sessions) RevokePresented(ctx context.Context, token string, holder auth.ClientID, from Origin) error {
	if strings.HasPrefix(token, refreshPrefix) {
		return s.revokeRefresh(ctx, token, holder, from)
	}
	t, ok := s.openAccess(token)
	if !ok {
		return nil
	}
	if err := t.mayBeRevokedBy(holder); err != nil {
		return err
	}
	id, err := auth.ParseTokenID(t.ID)
	if err != nil || s.isOver(&t) {
		return nil
	}
	if !t.session.IsZero() && !s.sprees.goOn(t.session, s.live.Clock(), s.policy.AccessTTL+forgotten) {
		return s.endHolder(ctx, t.session, from)
	}
	return s.killToken(ctx, id, audit.Event{Name: audit.TokenRevoked, Actor: from.Actor, User: t.ofUser(), Session: t.session,
		Subject: t.ID, Address: from.Address, UserAgent: from.UserAgent})
}

func (s *Sessions) revokeRefresh(ctx context.Context, token string, holder auth.ClientID, from Origin) error {
	t, err := s.keyring.openRefresh(ctx, token)
	switch {
	case errors.Is(err, ErrRefreshTokenInvalid):
		return nil
	case err != nil:
		return err
	case !holder.IsZero():
		return ErrForeignToken
	}
	return s.endHolder(ctx, t.session, from)
}

// mayBeRevokedBy returns nil if the token was issued to holder.
func (t *accessToken) mayBeRevokedBy(holder auth.ClientID) error {
	own := auth.ClientID{} // what sessions have
	if t.session.IsZero() {
		own = auth.ClientID(t.user)
	}
	switch {
	case own == holder:
		return nil
	case holder.IsZero():
		return ErrClientMustProve
	}
	return ErrForeignToken
}

// ofUser is the user of a session's token.
func (t *accessToken) ofUser() auth.UserID {
	if t.session.IsZero() {
		return auth.UserID{}
	}
	return t.user
}

// forgotten is how long after its end a token is dead to every verifier, whatever its leeway. A kill that
// comes later would only make the feed longer: who keeps old tokens must not be able to.
const forgotten = time.Minute

// isOver reports whether a token needs no kill.
func (s *Sessions) isOver(t *accessToken) bool {
	clock := s.live.Clock()
	if !clock.IsZero() && clock.Unix() > t.Expiry+int64(forgotten/time.Second) {
		return true
	}
	return s.verdict(t) == revocation.Dead
}

// RefuseRefresh refuses a refresh token that was shown in the name of a client which is not its session's
// (RFC 6749, sections 6 and 10.4). Somebody has a token that was not given to him: the event says whose.
// The session goes on, or showing a token so would be a way to end it (B19). holder is the client that
// proved its secret; zero: another name was given, without one.
func (s *Sessions) RefuseRefresh(ctx context.Context, refresh string, holder auth.ClientID, from Origin) error {
	token, err := s.keyring.openRefresh(ctx, refresh)
	if err != nil {
		return err
	}
	rows, clock, err := s.load(ctx, []auth.SessionID{token.session})
	if err != nil {
		return err
	}
	row := rows[token.session]
	if row == nil {
		return ErrRefreshTokenInvalid
	}
	e := event(clock, audit.RefreshRefused, audit.WrongClient, row, from)
	if !holder.IsZero() {
		e.Subject = holder.String()
	}
	s.record(ctx, e)
	return ErrWrongClient
}

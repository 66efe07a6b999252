package tokens

import (
	"context"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// PasswordChange asks for a new password in the name of a user who is signed in and has just proven the
// old one.
type PasswordChange struct {
	Holder Principal
	Hash   string // of the new password, opaque
	Origin Origin // of the session that is opened in place of all others
}

// ChangePassword stores the hash, ends every session that the old password opened, the holder's too, and
// opens a new one, all in one transaction (C7). [ErrTokenInvalid]: the holder's session is over. It is
// live only if the epoch is the one that it was opened under, and so what was proven is still the password.
func (s *Sessions) ChangePassword(ctx context.Context, c PasswordChange) (Pair, error) {
	if s.live.Stale() {
		return Pair{}, errStale // before anything is written: the answer could not be signed
	}
	var session Loaded
	var refresh string
	now, change, err := s.alter(ctx, c.Holder.User, func(m *Moment) (change UserChange, _ bool, err error) {
		own, err := m.held(c.Holder.Session)
		if err != nil {
			return change, false, err
		}
		from := c.Origin
		from.Device = own.Device // it goes on where that one was
		user := m.User
		user.Epoch++ // what the change makes of it
		session.Owner = user
		if session.Session, refresh, err = s.newSession(&user, m.Clock, from); err != nil {
			return change, false, err
		}
		return UserChange{
			Guard: c.Holder.Session, PasswordHash: c.Hash, RaiseEpoch: true, Open: &session.Session,
			End: overLimit(user, m.Sessions, m.Clock, s.policy.PerUser),
		}, true, nil
	})
	if err != nil {
		return Pair{}, gone(err)
	}
	e := event(now.Clock, audit.PasswordSet, "", &session, c.Origin)
	e.Session = c.Holder.Session
	s.record(ctx, e)
	e.Name, e.Reason, e.Session = audit.SessionsEnded, audit.PasswordChange, auth.SessionID{}
	s.record(ctx, e)
	s.recordOpened(ctx, &session, change.End, c.Origin)
	return s.pair(&session, refresh, now.Clock)
}

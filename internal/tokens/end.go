package tokens

import (
	"context"
	"errors"
	"slices"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
)

// EndOwn ends one session of the user of a token, in the name of the token's session (C28).
// [ErrTokenInvalid]: that one is over, and nothing happened. [ErrSessionNotFound]: id is not a session
// of this user; somebody else's is left alone and answered like one that never was. Ended already: nil.
func (s *Sessions) EndOwn(ctx context.Context, holder Principal, id auth.SessionID, from Origin) error {
	owned, err := s.owns(ctx, holder.User, id)
	if err != nil {
		return err
	}
	var ended Death
	now, _, err := s.alter(ctx, holder.User, func(m *Moment) (change UserChange, needed bool, err error) {
		if err := m.Holds(holder.Session); err != nil {
			return change, false, err
		}
		if !owned {
			return change, false, ErrSessionNotFound
		}
		if !slices.ContainsFunc(m.Sessions, func(s Session) bool { return s.ID == id }) {
			return change, false, nil // ended before
		}
		ended = Death{Session: id, Reason: audit.EndedByUser, At: m.Clock}
		return UserChange{Guard: holder.Session, End: []Death{ended}}, true, nil
	})
	if err != nil || now == nil {
		return gone(err)
	}
	s.record(ctx, event(ended.At, audit.SessionEnded, ended.Reason, &Loaded{Session: Session{ID: id, User: holder.User}}, from))
	return nil
}

// owns reports whether a session, ended or not, is one of the user's. That never changes.
func (s *Sessions) owns(ctx context.Context, user auth.UserID, id auth.SessionID) (bool, error) {
	rows, _, err := s.load(ctx, []auth.SessionID{id})
	if err != nil {
		return false, err
	}
	row := rows[id]
	return row != nil && row.User == user, nil
}

// EndSession ends any session on an operator's word. [ErrSessionNotFound] if there is no row of it; nil
// if it was ended before. It needs no [Sessions.Run]: commands end sessions too.
func (s *Sessions) EndSession(ctx context.Context, id auth.SessionID, from Origin) error {
	ctx, cancel := detached(ctx)
	defer cancel()
	mark, err := s.newMark()
	if err != nil {
		return err
	}
	for range maxAttempts {
		rows, clock, err := s.load(ctx, []auth.SessionID{id})
		if err != nil {
			return err
		}
		row := rows[id]
		if row == nil {
			return ErrSessionNotFound
		}
		if !row.EndedAt.IsZero() {
			return nil
		}
		ended, err := s.store.End(ctx, []Death{{Session: id, Reason: audit.EndedByOperator, At: clock}}, mark)
		if errors.Is(err, ErrWriteConflict) || err == nil && len(ended) == 0 {
			continue // somebody else was faster, or in the way
		}
		if err != nil {
			return err
		}
		s.live.Sync(ctx)
		s.record(ctx, event(clock, audit.SessionEnded, audit.EndedByOperator, row, from))
		return nil
	}
	return errBusy
}

// RevokeToken kills one access token on an operator's word. Whether there is such a token nobody knows:
// none is stored. Its session goes on. Killed before: nil, and nothing is written.
func (s *Sessions) RevokeToken(ctx context.Context, id auth.TokenID, from Origin) error {
	return s.killToken(ctx, id, audit.Event{Name: audit.TokenRevoked, Actor: from.Actor, Subject: id.String(),
		Address: from.Address, UserAgent: from.UserAgent})
}

// killToken adds the kill of one access token, and records e, at the store's clock.
func (s *Sessions) killToken(ctx context.Context, id auth.TokenID, e audit.Event) error {
	ctx, cancel := detached(ctx)
	defer cancel()
	mark, err := s.newMark()
	if err != nil {
		return err
	}
	kill := revocation.KillToken(id)
	for range maxAttempts {
		entries, clock, err := s.store.Kills(ctx, []revocation.Key{kill.Key})
		if err != nil {
			return err
		}
		if len(entries) > 0 {
			return nil // by its until every token of this id is dead, which was signed before
		}
		err = s.store.AddKills(ctx, []revocation.Kill{kill}, mark)
		if errors.Is(err, ErrWriteConflict) {
			continue
		}
		if err != nil {
			return err
		}
		s.live.Sync(ctx)
		e.At = clock
		s.record(ctx, e)
		return nil
	}
	return errBusy
}

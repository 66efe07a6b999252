package storetest

import (
	"context"
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// sessions passes every session that is read through change.
func sessions(change func(*tokens.Session)) func(*broken) {
	return func(b *broken) {
		b.loadSessions = func(ctx context.Context, ids []auth.SessionID) ([]tokens.Loaded, time.Time, error) {
			rows, clock, err := b.Store.LoadSessions(ctx, ids)
			for i := range rows {
				change(&rows[i].Session)
			}
			return rows, clock, err
		}
		b.loadUser = func(ctx context.Context, id auth.UserID) (tokens.User, []tokens.Session, time.Time, bool, error) {
			user, list, clock, found, err := b.Store.LoadUser(ctx, id)
			for i := range list {
				change(&list[i])
			}
			return user, list, clock, found, err
		}
	}
}

// times passes every time of a session that is read through change.
func times(change func(time.Time) time.Time) func(*broken) {
	return sessions(func(s *tokens.Session) {
		for _, at := range []*time.Time{&s.CreatedAt, &s.RotatedAt, &s.IdleEndsAt, &s.EndsAt, &s.EndedAt} {
			if !at.IsZero() {
				*at = change(*at)
			}
		}
	})
}

// rows passes what LoadSessions found through change.
func rows(change func(b *broken, rows []tokens.Loaded) []tokens.Loaded) func(*broken) {
	return func(b *broken) {
		b.loadSessions = func(ctx context.Context, ids []auth.SessionID) ([]tokens.Loaded, time.Time, error) {
			rows, clock, err := b.Store.LoadSessions(ctx, ids)
			return change(b, rows), clock, err
		}
	}
}

// userRows passes what LoadUser found through change.
func userRows(change func(b *broken, user *tokens.User, list []tokens.Session, found *bool) []tokens.Session) func(*broken) {
	return func(b *broken) {
		b.loadUser = func(ctx context.Context, id auth.UserID) (tokens.User, []tokens.Session, time.Time, bool, error) {
			user, list, clock, found, err := b.Store.LoadUser(ctx, id)
			list = change(b, &user, list, &found)
			return user, list, clock, found, err
		}
	}
}

// more adds sessions that a query finds.
func (b *broken) more(list []tokens.Session, query string, args ...any) []tokens.Session {
	rows, _, err := b.Store.LoadSessions(b.tb.Context(), b.ids(query, args...))
	if err != nil {
		b.tb.Errorf("a defect's own load: %v", err)
	}
	for _, row := range rows {
		list = append(list, row.Session)
	}
	return list
}

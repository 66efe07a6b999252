package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// The primary key of sessions serves this; at most one row. A session that was ended keeps its first
// reason.
const endSessions = `
update sessions
   set ended_at = ?2,
       end_reason = ?3,
       row_version = row_version + 1
 where session_id = ?1
   and ended_at is null
returning user_id`

// End implements [tokens.Store].
func (s *Store) End(ctx context.Context, deaths []tokens.Death, mark uint64) (ended []tokens.Ended, err error) {
	err = s.write(ctx, "end sessions", func(ctx context.Context, l *link) error {
		var kills []revocation.Kill
		ended, kills, err = end(ctx, l, deaths, s.clock())
		if err != nil {
			return err
		}
		return s.addKills(ctx, l, kills, mark)
	})
	if err != nil {
		return nil, err
	}
	return ended, nil
}

// end ends sessions and returns those that this very statement ended, with their kills. A kill for a
// session that somebody else ended would be a second entry for one death. What was decided at no time ends
// at clock.
func end(ctx context.Context, l *link, deaths []tokens.Death, clock time.Time) (ended []tokens.Ended, kills []revocation.Kill, err error) {
	for _, d := range deaths {
		if d.At.IsZero() {
			d.At = clock
		}
		user, err := one(ctx, l, endSessions, scanUserID, d.Session[:], micros(d.At), text(d.Reason))
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		ended = append(ended, tokens.Ended{Session: d.Session, User: user, At: d.At})
		kills = append(kills, revocation.KillSession(d.Session))
	}
	return ended, kills, nil
}

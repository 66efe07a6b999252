package sqlite

import (
	"context"

	"github.com/authd/authd/internal/auth"
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
   and ended_at is null`

// End implements [tokens.Store].
func (s *Store) End(ctx context.Context, deaths []tokens.Death, mark uint64) (ended []auth.SessionID, err error) {
	err = s.write(ctx, "end sessions", func(ctx context.Context, l *link) error {
		var kills []revocation.Kill
		ended, kills, err = end(ctx, l, deaths)
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
// session that somebody else ended would be a second entry for one death.
func end(ctx context.Context, l *link, deaths []tokens.Death) (ended []auth.SessionID, kills []revocation.Kill, err error) {
	for i := range deaths {
		d := &deaths[i]
		rows, err := l.exec(ctx, endSessions, d.Session[:], micros(d.At), text(d.Reason))
		if err != nil {
			return nil, nil, err
		}
		if rows > 0 {
			ended = append(ended, d.Session)
			kills = append(kills, revocation.KillSession(d.Session))
		}
	}
	return ended, kills, nil
}

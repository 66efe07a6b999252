package sqlite

import (
	"context"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// The primary keys of sessions and users serve this: one look-up each for every id.
const selectSessions = `
select s.session_id, s.user_id, s.client_id, s.epoch,
       s.generation, s.current_hash, s.previous_hash, s.nonce, s.secret_version,
       s.created_at, s.rotated_at, s.idle_ends_at, s.ends_at, s.ended_at, s.end_reason,
       s.device, s.user_agent, s.login_ip, s.row_version,
       u.user_id, u.epoch, u.roles, u.disabled_at, u.row_version
  from sessions s
  join users u on u.user_id = s.user_id
 where s.session_id in (select unhex(value) from json_each(?1))`

// LoadSessions implements [tokens.Store].
func (s *Store) LoadSessions(ctx context.Context, ids []auth.SessionID) ([]tokens.Loaded, time.Time, error) {
	clock := s.clock()
	list := hexList(ids, func(id *auth.SessionID) []byte { return id[:] })
	var loaded []tokens.Loaded
	err := s.readNear(ctx, "load sessions", func(ctx context.Context, l *link) (err error) {
		loaded, err = all(ctx, l, selectSessions, scanLoaded, list)
		return err
	})
	return loaded, clock, err
}

func scanLoaded(r row) (out tokens.Loaded, err error) {
	err = r.Scan(append(sessionColumns(&out.Session), userColumns(&out.Owner)...)...)
	return out, err
}

func scanSession(r row) (out tokens.Session, err error) {
	err = r.Scan(sessionColumns(&out)...)
	return out, err
}

// sessionColumns is where a session's columns go, in the order of the statements.
func sessionColumns(s *tokens.Session) []any {
	return []any{
		bytesColumn(s.ID[:]), bytesColumn(s.User[:]), &s.ClientID, &s.Epoch,
		uintColumn[uint32]{&s.Generation},
		bytesColumn(s.CurrentHash[:]), bytesColumn(s.PreviousHash[:]), bytesColumn(s.Nonce[:]),
		uintColumn[uint8]{&s.SecretVersion},
		(*timeColumn)(&s.CreatedAt), (*timeColumn)(&s.RotatedAt), (*timeColumn)(&s.IdleEndsAt),
		(*timeColumn)(&s.EndsAt), (*timeColumn)(&s.EndedAt), textColumn[audit.Reason]{&s.EndReason},
		&s.Device, &s.UserAgent, (*addressColumn)(&s.LoginIP), &s.RowVersion,
	}
}

// The primary key of sessions serves this; at most one row.
const updateRotation = `
update sessions
   set generation = ?3,
       current_hash = ?4,
       previous_hash = ?5,
       nonce = ?6,
       secret_version = ?7,
       rotated_at = ?8,
       idle_ends_at = ?9,
       row_version = row_version + 1
 where session_id = ?1
   and row_version = ?2`

// Rotate implements [tokens.Store]. One transaction is one sync of the disk, however many rotations it
// holds: the group commit comes from the batch, not from one large statement.
func (s *Store) Rotate(ctx context.Context, rotations []tokens.Rotation) (written []auth.SessionID, err error) {
	err = s.write(ctx, "rotate sessions", func(ctx context.Context, l *link) error {
		for i := range rotations {
			r := &rotations[i]
			rows, err := l.exec(ctx, updateRotation, r.Session[:], r.Version,
				r.Generation, r.CurrentHash[:], r.PreviousHash[:], r.Nonce[:], r.SecretVersion,
				micros(r.RotatedAt), micros(r.IdleEndsAt))
			if err != nil {
				return err
			}
			if rows > 0 {
				written = append(written, r.Session)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return written, nil
}

// sessions_ends_at serves the choice, the primary key the deletion.
const deleteSessions = `
delete from sessions
 where session_id in (
       select session_id
         from sessions
        where ends_at < ?1
        order by ends_at
        limit ?2)`

// CollectSessions implements [tokens.Store].
func (s *Store) CollectSessions(ctx context.Context, before time.Time, limit int) (int, error) {
	var deleted int64
	err := s.write(ctx, "collect sessions", func(ctx context.Context, l *link) (err error) {
		deleted, err = l.exec(ctx, deleteSessions, before.UnixMicro(), max(limit, 0)) // below 0 would be: no limit
		return err
	})
	if err != nil {
		return 0, err
	}
	return int(deleted), nil
}

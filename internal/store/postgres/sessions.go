package postgres

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// sessions_pkey serves this, once for each id, and users_pkey for each session.
const selectSessions = `
select s.session_id, s.user_id, s.client_id, s.epoch,
       s.generation, s.current_hash, s.previous_hash, s.nonce, s.secret_version,
       s.created_at, s.rotated_at, s.idle_ends_at, s.ends_at, s.ended_at, coalesce(s.end_reason, ''),
       s.device, s.user_agent, s.login_ip, s.row_version,
       u.epoch, u.roles, u.disabled_at, u.row_version
  from sessions s
  join users u on u.user_id = any(array[s.user_id])
 where s.session_id = any($1::uuid[])`

// sessions_pkey serves this. It writes no column that an index holds, so the update stays on its page.
const updateRotation = `
update sessions s
   set generation = $3,
       current_hash = $4,
       previous_hash = $5,
       nonce = $6,
       secret_version = $7,
       rotated_at = $8,
       idle_ends_at = $9,
       row_version = s.row_version + 1
 where s.session_id = $1
   and s.row_version = $2
returning s.session_id`

// sessions_pkey serves this, once for each element, in the order of the arrays.
const updateRotations = `
update sessions s
   set generation = r.generation,
       current_hash = r.current_hash,
       previous_hash = r.previous_hash,
       nonce = r.nonce,
       secret_version = r.secret_version,
       rotated_at = r.rotated_at,
       idle_ends_at = r.idle_ends_at,
       row_version = s.row_version + 1
  from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[],
              $7::smallint[], $8::timestamptz[], $9::timestamptz[])
    as r (session_id, row_version, generation, current_hash, previous_hash, nonce,
          secret_version, rotated_at, idle_ends_at)
 where s.session_id = any(array[r.session_id])
   and s.row_version = r.row_version
returning s.session_id`

// sessions_ends_at finds them, oldest first; sessions_pkey deletes them, in the order of their ids.
const deleteSessions = `
delete from sessions
 where session_id = any(array(
       select session_id
         from sessions
        where ends_at < $1
        order by ends_at
        limit $2))`

// LoadSessions implements [tokens.Store]. The clock and the rows are two statements of one message.
func (s *Store) LoadSessions(ctx context.Context, ids []auth.SessionID) (loaded []tokens.Loaded, clock time.Time, err error) {
	b := s.newReading(&clock)
	if len(ids) > 0 {
		loaded = make([]tokens.Loaded, 0, len(ids))
		b.Queue(selectSessions, sessionIDs(ids)).Query(func(rows pgx.Rows) error {
			var l tokens.Loaded
			fields := loadedFields(&l)
			for rows.Next() {
				if err := rows.Scan(fields...); err != nil {
					return err
				}
				l.Owner.ID = l.User
				loaded = append(loaded, l)
			}
			return rows.Err()
		})
	}
	if err := s.sendInLane(ctx, "load sessions", b); err != nil {
		return nil, time.Time{}, err
	}
	return loaded, clock, nil
}

// Rotate implements [tokens.Store]. A batch of one takes the plain statement, which costs less.
func (s *Store) Rotate(ctx context.Context, rotations []tokens.Rotation) (written []auth.SessionID, err error) {
	if len(rotations) == 0 {
		return nil, nil
	}
	b := newMessage(s.hasty)
	if len(rotations) == 1 {
		queueRotation(b, &rotations[0]).Query(scanIDs(&written))
	} else {
		queueRotations(b, rotations).Query(scanIDs(&written))
	}
	if err := s.sendInLane(ctx, "rotate sessions", b); err != nil {
		return nil, err
	}
	return written, nil
}

func queueRotation(b *pgx.Batch, r *tokens.Rotation) *pgx.QueuedQuery {
	return b.Queue(updateRotation, uuid(r.Session), r.Version,
		int64(r.Generation), r.CurrentHash[:], r.PreviousHash[:], r.Nonce[:],
		int16(r.SecretVersion), r.RotatedAt, r.IdleEndsAt)
}

// queueRotations turns rows into columns, sorted by session: two batches that share rows then lock
// them in one order, and wait for each other instead of deadlocking.
func queueRotations(b *pgx.Batch, rotations []tokens.Rotation) *pgx.QueuedQuery {
	n := len(rotations)
	sorted := make([]*tokens.Rotation, n)
	for i := range rotations {
		sorted[i] = &rotations[i]
	}
	slices.SortFunc(sorted, func(a, b *tokens.Rotation) int { return bytes.Compare(a.Session[:], b.Session[:]) })
	var (
		ids                     = make(pgtype.FlatArray[pgtype.UUID], n)
		versions, generations   = make([]int64, n), make([]int64, n)
		current, parent, nonces = make([][]byte, n), make([][]byte, n), make([][]byte, n)
		secrets                 = make([]int16, n)
		rotated, idle           = make([]time.Time, n), make([]time.Time, n)
	)
	for i, r := range sorted {
		ids[i], versions[i], generations[i] = uuid(r.Session), r.Version, int64(r.Generation)
		current[i], parent[i], nonces[i] = r.CurrentHash[:], r.PreviousHash[:], r.Nonce[:]
		secrets[i], rotated[i], idle[i] = int16(r.SecretVersion), r.RotatedAt, r.IdleEndsAt
	}
	return b.Queue(updateRotations, ids, versions, generations, current, parent, nonces, secrets, rotated, idle)
}

// CollectSessions implements [tokens.Store].
func (s *Store) CollectSessions(ctx context.Context, before time.Time, limit int) (deleted int, err error) {
	if limit <= 0 {
		return 0, nil
	}
	b := s.newMessage()
	b.Queue(deleteSessions, before, limit).Exec(func(tag pgconn.CommandTag) error {
		deleted = int(tag.RowsAffected())
		return nil
	})
	if err := s.send(ctx, "collect sessions", b); err != nil {
		return 0, err
	}
	return deleted, nil
}

// Clock implements [tokens.Store].
func (s *Store) Clock(ctx context.Context) (clock time.Time, err error) {
	b := s.newReading(&clock)
	return clock, s.send(ctx, "read the clock", b)
}

// sessionFields are where the columns of a session go, in the order in which every statement here
// names them.
func sessionFields(s *tokens.Session) []any {
	return []any{
		(*[16]byte)(&s.ID), (*[16]byte)(&s.User), &s.ClientID, (*int64)(&s.Epoch),
		&s.Generation, (*digest)(&s.CurrentHash), (*digest)(&s.PreviousHash), (*digest)(&s.Nonce), &s.SecretVersion,
		(*instant)(&s.CreatedAt), (*instant)(&s.RotatedAt), (*instant)(&s.IdleEndsAt), (*instant)(&s.EndsAt),
		(*instant)(&s.EndedAt), (*string)(&s.EndReason),
		&s.Device, &s.UserAgent, (*address)(&s.LoginIP), &s.RowVersion,
	}
}

func loadedFields(l *tokens.Loaded) []any {
	return append(sessionFields(&l.Session),
		(*int64)(&l.Owner.Epoch), (*wordList)(&l.Owner.Roles), (*instant)(&l.Owner.DisabledAt), &l.Owner.RowVersion)
}

func sessionIDs(ids []auth.SessionID) pgtype.FlatArray[pgtype.UUID] {
	array := make(pgtype.FlatArray[pgtype.UUID], len(ids))
	for i, id := range ids {
		array[i] = uuid(id)
	}
	return array
}

// scanIDs reads a column of session ids.
func scanIDs(ids *[]auth.SessionID) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		for rows.Next() {
			var id auth.SessionID
			if err := rows.Scan((*[16]byte)(&id)); err != nil {
				return err
			}
			*ids = append(*ids, id)
		}
		return rows.Err()
	}
}

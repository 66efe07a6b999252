package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// password_resets_reset_id_key serves this, and users_pkey its user; at most one row.
const selectReset = `
select r.reset_id, r.secret_hash, r.epoch, r.created_at, r.expires_at,
       u.user_id, u.username, u.epoch, u.roles, u.created_at, u.disabled_at, u.row_version
  from password_resets r
  join users u on u.user_id = any(array[r.user_id])
 where r.reset_id = $1`

// password_resets_pkey decides what it replaces, and users_pkey finds the user: one who is gone is no
// error, because the change was refused by then.
const upsertReset = `
insert into password_resets as r (user_id, reset_id, secret_hash, epoch, created_at, expires_at)
select u.user_id, $2::uuid, $3::bytea, $4::bigint, $5::timestamptz, $6::timestamptz
  from users u
 where u.user_id = $1
on conflict (user_id) do update
   set reset_id = excluded.reset_id,
       secret_hash = excluded.secret_hash,
       epoch = excluded.epoch,
       created_at = excluded.created_at,
       expires_at = excluded.expires_at`

// password_resets_reset_id_key serves this; at most one row.
const spendReset = `
delete from password_resets r
 where r.user_id = $1
   and r.reset_id = $2`

// password_resets_pkey serves this; at most one row.
const deleteReset = `
delete from password_resets r
 where r.user_id = $1`

// sessions_user_id serves this: all sessions of a user, ended ones too, in the order of their ids, in
// which everybody locks them.
const lockUserSessions = `
select s.session_id
  from sessions s
 where s.user_id = $1
 order by s.session_id
   for update`

// sessions_user_id serves this. The rows are locked by then.
const deleteUserSessions = `
delete from sessions s
 where s.user_id = $1`

// users_pkey serves this, sessions_user_id and password_resets_pkey the question whether a row still
// refers to it.
const deleteUser = `
delete from users u
 where u.user_id = $1`

// ResetByID implements [accounts.Store].
func (s *Store) ResetByID(ctx context.Context, id tokens.ResetID) (reset accounts.Reset, clock time.Time, found bool, err error) {
	b := s.newReading(&clock)
	b.Queue(selectReset, uuid(id)).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			found = true
			fields := append([]any{(*[16]byte)(&reset.ID), (*digest)(&reset.SecretHash), (*int64)(&reset.Epoch),
				(*instant)(&reset.CreatedAt), (*instant)(&reset.ExpiresAt)}, userFields(&reset.User)...)
			if err := rows.Scan(append(fields, &reset.RowVersion)...); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err := s.send(ctx, "read a password reset", b); err != nil {
		return accounts.Reset{}, time.Time{}, false, err
	}
	return reset, clock, found, nil
}

// queueResets spends a reset and stores another, as far as the change asks for it.
func queueResets(b *pgx.Batch, change *tokens.UserChange, spent *bool) {
	if !change.SpendReset.IsZero() {
		b.Queue(spendReset, uuid(change.User), uuid(change.SpendReset)).Exec(func(tag pgconn.CommandTag) error {
			*spent = tag.RowsAffected() == 1
			return nil
		})
	}
	if r := change.Reset; r != nil {
		b.Queue(upsertReset, uuid(change.User), uuid(r.ID), r.SecretHash[:], int64(r.Epoch), r.CreatedAt, r.ExpiresAt)
	}
}

// queueDeletion removes a user from the last row that refers to it to the user's own. It belongs into the
// last message: in the first it would run before anybody knows whether the user has the expected version.
func queueDeletion(b *pgx.Batch, user auth.UserID) {
	for _, statement := range []string{deleteReset, deleteUserSessions, blankRecords, deleteUser} {
		b.Queue(statement, uuid(user))
	}
}

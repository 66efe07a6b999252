package sqlite

import (
	"context"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// The unique index on reset_id and the primary key of users serve this; at most one row.
const selectReset = `
select r.reset_id, r.secret_hash, r.epoch, r.created_at, r.expires_at,
       u.user_id, u.username, u.epoch, u.roles, u.created_at, u.disabled_at, u.row_version
  from password_resets r
  join users u on u.user_id = r.user_id
 where r.reset_id = ?1`

// The primary key of password_resets decides what it replaces.
const upsertReset = `
insert into password_resets (user_id, reset_id, secret_hash, epoch, created_at, expires_at)
values (?1, ?2, ?3, ?4, ?5, ?6)
on conflict (user_id) do update
   set reset_id = excluded.reset_id,
       secret_hash = excluded.secret_hash,
       epoch = excluded.epoch,
       created_at = excluded.created_at,
       expires_at = excluded.expires_at`

// The unique index on reset_id serves this; at most one row.
const spendReset = `
delete from password_resets
 where user_id = ?1
   and reset_id = ?2`

// The primary key of password_resets serves this; at most one row.
const deleteReset = `
delete from password_resets
 where user_id = ?1`

// sessions_user_id serves this: all sessions of a user, ended ones too.
const deleteUserSessions = `
delete from sessions
 where user_id = ?1`

// The primary key of users serves this, sessions_user_id and the primary key of password_resets the
// question whether a row still refers to it.
const deleteUser = `
delete from users
 where user_id = ?1`

// ResetByID implements [accounts.Store].
func (s *Store) ResetByID(ctx context.Context, id tokens.ResetID) (reset accounts.Reset, clock time.Time, found bool, err error) {
	clock = s.clock()
	err = s.read(ctx, "read a password reset", func(ctx context.Context, l *link) error {
		resets, err := all(ctx, l, selectReset, scanReset, id[:])
		if len(resets) > 0 {
			reset, found = resets[0], true
		}
		return err
	})
	return reset, clock, found, err
}

func scanReset(r row) (out accounts.Reset, err error) {
	u := &out.User
	err = r.Scan(bytesColumn(out.ID[:]), bytesColumn(out.SecretHash[:]), &out.Epoch,
		(*timeColumn)(&out.CreatedAt), (*timeColumn)(&out.ExpiresAt),
		bytesColumn(u.ID[:]), &u.Username, &u.Epoch, wordsColumn{&u.Roles},
		(*timeColumn)(&u.CreatedAt), (*timeColumn)(&u.DisabledAt), &out.RowVersion)
	return out, err
}

// applyResets spends a reset and stores another, as far as the change asks for it.
func applyResets(ctx context.Context, l *link, change *tokens.UserChange) error {
	if !change.SpendReset.IsZero() {
		spent, err := l.exec(ctx, spendReset, change.User[:], change.SpendReset[:])
		if err != nil {
			return err
		}
		if spent == 0 {
			return errStale
		}
	}
	if r := change.Reset; r != nil {
		_, err := l.exec(ctx, upsertReset, change.User[:], r.ID[:], r.SecretHash[:], int64(r.Epoch),
			micros(r.CreatedAt), micros(r.ExpiresAt))
		return err
	}
	return nil
}

// deleteAll removes a user from the last row that refers to it to the user's own.
func deleteAll(ctx context.Context, l *link, user auth.UserID) error {
	for _, statement := range []string{deleteReset, deleteUserSessions, blankRecords, deleteUser} {
		if _, err := l.exec(ctx, statement, user[:]); err != nil {
			return err
		}
	}
	return nil
}

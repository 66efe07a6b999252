package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// The primary key of users serves this; at most one row.
const selectUser = `
select user_id, epoch, roles, disabled_at, row_version
  from users
 where user_id = ?1`

// sessions_user_id serves this, and of the sessions that were ended it reads those that no login shelved.
const selectUserSessions = `
select session_id, user_id, client_id, epoch,
       generation, current_hash, previous_hash, nonce, secret_version,
       created_at, rotated_at, idle_ends_at, ends_at, ended_at, end_reason,
       device, user_agent, login_ip, row_version
  from sessions
 where user_id = ?1
   and shelved = 0
   and ended_at is null`

// sessions_user_id finds what ended since the last login, the primary key of sessions writes it. It is
// bounded, because a login waits for it: the next one sees to the rest.
const shelveSessions = `
update sessions
   set shelved = 1
 where session_id in (
       select session_id
         from sessions
        where user_id = ?1
          and shelved = 0
          and ended_at is not null
        limit 1000)`

// LoadUser implements [tokens.Store].
func (s *Store) LoadUser(ctx context.Context, id auth.UserID) (
	user tokens.User, sessions []tokens.Session, clock time.Time, found bool, err error,
) {
	clock = s.clock()
	err = s.snapshot(ctx, "load a user", func(ctx context.Context, l *link) error {
		users, err := all(ctx, l, selectUser, scanUser, id[:])
		if err != nil || len(users) == 0 {
			return err
		}
		user, found = users[0], true
		sessions, err = all(ctx, l, selectUserSessions, scanSession, id[:])
		return err
	})
	if err != nil {
		return tokens.User{}, nil, clock, false, err
	}
	return user, sessions, clock, found, nil
}

func scanUser(r row) (u tokens.User, err error) {
	err = r.Scan(userColumns(&u)...)
	return u, err
}

// userColumns is where the columns of a sessions' user go, in the order of the statements.
func userColumns(u *tokens.User) []any {
	return []any{bytesColumn(u.ID[:]), &u.Epoch, wordsColumn{&u.Roles}, (*timeColumn)(&u.DisabledAt), &u.RowVersion}
}

// The primary key of users serves this; at most one row.
const changeUser = `
update users
   set password_hash = coalesce(?3, password_hash),
       epoch = epoch + ?4,
       disabled_at = case when ?5 then ?6 else disabled_at end,
       roles = coalesce(?7, roles),
       row_version = row_version + 1
 where user_id = ?1
   and row_version = ?2
returning epoch`

// The primary key of sessions serves this; at most one row.
const selectGuard = `
select count(*)
  from sessions
 where session_id = ?1
   and user_id = ?2
   and ended_at is null`

// The primary key of sessions takes it.
const insertSession = `
insert into sessions (
       session_id, user_id, client_id, epoch,
       generation, current_hash, previous_hash, nonce, secret_version,
       created_at, rotated_at, idle_ends_at, ends_at, ended_at, end_reason,
       device, user_agent, login_ip, row_version, login_net)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)`

// errStale rolls back a change that was decided on a state which is gone.
var errStale = errors.New("the user was changed meanwhile")

// ChangeUser implements [tokens.Store].
func (s *Store) ChangeUser(ctx context.Context, change tokens.UserChange, mark uint64) (applied bool, err error) {
	err = s.write(ctx, "change a user", func(ctx context.Context, l *link) error {
		kills, err := applyChange(ctx, l, &change, s.clock())
		if err != nil {
			return err
		}
		return s.addKills(ctx, l, kills, mark)
	})
	if errors.Is(err, errStale) {
		return false, nil
	}
	return err == nil, err
}

// applyChange writes the user, then the sessions and the reset, and returns the kills that follow.
func applyChange(ctx context.Context, l *link, change *tokens.UserChange, clock time.Time) ([]revocation.Kill, error) {
	epoch, err := one(ctx, l, changeUser, scanInt, userArguments(change)...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errStale
	}
	if err != nil {
		return nil, err
	}
	if !change.Guard.IsZero() {
		// Before End, which may name the guard too.
		standing, err := one(ctx, l, selectGuard, scanInt, change.Guard[:], change.User[:])
		if err != nil {
			return nil, err
		}
		if standing == 0 {
			return nil, errStale
		}
	}
	if change.Open != nil {
		if _, err := l.exec(ctx, shelveSessions, change.User[:]); err != nil { // before the ends, which are then written once
			return nil, err
		}
	}
	_, kills, err := end(ctx, l, change.End, clock)
	if err != nil {
		return nil, err
	}
	if change.Open != nil {
		if err := openSession(ctx, l, change.Open); err != nil {
			return nil, err
		}
	}
	if err := applyResets(ctx, l, change); err != nil {
		return nil, err
	}
	if change.Delete {
		if err := deleteAll(ctx, l, change.User); err != nil {
			return nil, err
		}
	}
	if change.RaiseEpoch {
		kills = append(kills, revocation.KillBelow(change.User, auth.Epoch(epoch)))
	}
	return kills, nil
}

// userArguments are those of changeUser.
func userArguments(change *tokens.UserChange) []any {
	raise, disabledAt, list := 0, time.Time{}, any(nil)
	if change.RaiseEpoch {
		raise = 1
	}
	if change.DisabledAt != nil {
		disabledAt = *change.DisabledAt
	}
	if change.Roles != nil {
		list = words(*change.Roles)
	}
	return []any{change.User[:], change.Version, text(change.PasswordHash), raise,
		change.DisabledAt != nil, micros(disabledAt), list}
}

func openSession(ctx context.Context, l *link, s *tokens.Session) error {
	_, err := l.exec(ctx, insertSession, s.ID[:], s.User[:], s.ClientID, int64(s.Epoch),
		s.Generation, s.CurrentHash[:], orNull(s.PreviousHash), orNull(s.Nonce), s.SecretVersion,
		micros(s.CreatedAt), micros(s.RotatedAt), micros(s.IdleEndsAt), micros(s.EndsAt),
		micros(s.EndedAt), text(s.EndReason),
		s.Device, s.UserAgent, address(s.LoginIP), s.RowVersion, text(networkText(tokens.Network(s.LoginIP))))
	return err
}

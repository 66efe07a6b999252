package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// users_pkey serves this.
const selectUser = `
select u.epoch, u.roles, u.disabled_at, u.row_version
  from users u
 where u.user_id = $1`

// sessions_user_id serves this, and of the sessions that were ended it reads those that no login shelved.
const selectUserSessions = `
select s.session_id, s.user_id, s.client_id, s.epoch,
       s.generation, s.current_hash, s.previous_hash, s.nonce, s.secret_version,
       s.created_at, s.rotated_at, s.idle_ends_at, s.ends_at, s.ended_at, coalesce(s.end_reason, ''),
       s.device, s.user_agent, s.login_ip, s.row_version
  from sessions s
 where s.user_id = $1
   and s.shelved = 0
   and s.ended_at is null`

// sessions_user_id finds what ended since the last login, sessions_pkey writes it. It is bounded, because a
// login waits for it, and passes over what somebody else holds: the next login sees to that.
const shelveSessions = `
update sessions s
   set shelved = 1
 where s.session_id = any(array(
       select e.session_id
         from sessions e
        where e.user_id = $1
          and e.shelved = 0
          and e.ended_at is not null
        limit 1000
          for update skip locked))`

// users_pkey serves this.
const changeUser = `
update users u
   set epoch = u.epoch + $3::bigint,
       password_hash = coalesce(nullif($4::text, ''), u.password_hash),
       disabled_at = case when $5::boolean then $6::timestamptz else u.disabled_at end,
       roles = coalesce($7::text, u.roles),
       row_version = u.row_version + 1
 where u.user_id = $1
   and u.row_version = $2
returning u.epoch`

// sessions_pkey serves this: the guard and what is about to end. Rows are locked in the order of their
// ids, as everywhere.
const selectGuard = `
select s.session_id
  from sessions s
 where s.session_id = any($1::uuid[])
   and s.user_id = $2
   and s.ended_at is null
 order by s.session_id
   for update`

// users_pkey serves this. A user who is gone and a session that is there already are no errors: the
// change was refused by then, and is about to be rolled back.
const insertSession = `
insert into sessions (session_id, user_id, client_id, epoch,
       generation, current_hash, previous_hash, nonce, secret_version,
       created_at, rotated_at, idle_ends_at, ends_at, ended_at, end_reason,
       device, user_agent, login_ip, row_version, login_net)
select $1::uuid, u.user_id, $3::text, $4::bigint,
       $5::bigint, $6::bytea, $7::bytea, $8::bytea, $9::smallint,
       $10::timestamptz, $11::timestamptz, $12::timestamptz, $13::timestamptz, $14::timestamptz, nullif($15::text, ''),
       $16::text, $17::text, $18::inet, $19::bigint, nullif($20::text, '')
  from users u
 where u.user_id = $2
on conflict do nothing`

// LoadUser implements [tokens.Store]. The user is read before the sessions: should a change commit in
// between, the user's version is the older one, and whatever is decided on this is refused.
func (s *Store) LoadUser(ctx context.Context, id auth.UserID) (user tokens.User, sessions []tokens.Session, clock time.Time, found bool, err error) {
	b := s.newReading(&clock)
	b.Queue(selectUser, uuid(id)).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			user.ID, found = id, true
			err := rows.Scan((*int64)(&user.Epoch), (*wordList)(&user.Roles), (*instant)(&user.DisabledAt), &user.RowVersion)
			if err != nil {
				return err
			}
		}
		return rows.Err()
	})
	b.Queue(selectUserSessions, uuid(id)).Query(func(rows pgx.Rows) error {
		var session tokens.Session
		fields := sessionFields(&session)
		for rows.Next() {
			if err := rows.Scan(fields...); err != nil {
				return err
			}
			sessions = append(sessions, session)
		}
		return rows.Err()
	})
	if err := s.send(ctx, "load a user", b); err != nil {
		return tokens.User{}, nil, time.Time{}, false, err
	}
	return user, sessions, clock, found, nil
}

// ChangeUser implements [tokens.Store]: in its first message the user and the sessions, in its second
// one the head, the kills and the commit.
func (s *Store) ChangeUser(ctx context.Context, change tokens.UserChange, mark uint64) (applied bool, err error) {
	var (
		swapped bool       // the user had the expected version
		epoch   auth.Epoch // the user's, after the change
		opened  = change.Open == nil
		spent   = change.SpendReset.IsZero()
		alive   []auth.SessionID // of those that were locked
		ended   []int            // places in change.End
	)
	first := s.newTransaction()
	queueUserChange(first, &change, &swapped, &epoch)
	if change.Delete {
		first.Queue(lockUserSessions, uuid(change.User))
	}
	if !change.Guard.IsZero() {
		first.Queue(selectGuard, sessionIDs(guarded(&change)), uuid(change.User)).Query(scanIDs(&alive))
	}
	if change.Open != nil {
		first.Queue(shelveSessions, uuid(change.User)) // before the ends, which are then written once
	}
	if len(change.End) > 0 {
		queueEnds(first, change.End, &ended)
	}
	if change.Open != nil {
		queueOpen(first, change.Open, &opened)
	}
	queueResets(first, &change, &spent)
	return s.transact(ctx, "change a user", first, func() *pgx.Batch {
		if !swapped || !opened || !spent || !change.Guard.IsZero() && !slices.Contains(alive, change.Guard) {
			return nil
		}
		last := &pgx.Batch{}
		if change.Delete {
			queueDeletion(last, change.User)
		}
		if kills := killsOf(&change, ended, epoch); len(kills) > 0 {
			queueKills(last, kills, mark)
		}
		queueCommit(last)
		return last
	})
}

func queueUserChange(b *pgx.Batch, change *tokens.UserChange, swapped *bool, epoch *auth.Epoch) {
	raise := int64(0)
	if change.RaiseEpoch {
		raise = 1
	}
	var disabledAt time.Time
	if change.DisabledAt != nil {
		disabledAt = *change.DisabledAt
	}
	var roles *string
	if change.Roles != nil {
		joined := joinWords(*change.Roles)
		roles = &joined
	}
	b.Queue(changeUser, uuid(change.User), change.Version, raise, change.PasswordHash,
		change.DisabledAt != nil, timestamp(disabledAt), roles).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				*swapped = true
				if err := rows.Scan((*int64)(epoch)); err != nil {
					return err
				}
			}
			return rows.Err()
		})
}

// guarded is the guard and every session that is to end, which one statement locks: the guard alone
// would be locked before sessions with smaller ids, against the order of the lane of deaths.
func guarded(change *tokens.UserChange) []auth.SessionID {
	ids := make([]auth.SessionID, 0, 1+len(change.End))
	ids = append(ids, change.Guard)
	for i := range change.End {
		ids = append(ids, change.End[i].Session)
	}
	return ids
}

func queueOpen(b *pgx.Batch, s *tokens.Session, opened *bool) {
	b.Queue(insertSession, uuid(s.ID), uuid(s.User), s.ClientID, int64(s.Epoch),
		int64(s.Generation), s.CurrentHash[:], hash(&s.PreviousHash), hash(&s.Nonce), int16(s.SecretVersion),
		s.CreatedAt, s.RotatedAt, s.IdleEndsAt, s.EndsAt, timestamp(s.EndedAt), string(s.EndReason),
		s.Device, s.UserAgent, host(s.LoginIP), s.RowVersion, networkText(tokens.Network(s.LoginIP))).
		Exec(func(tag pgconn.CommandTag) error {
			*opened = tag.RowsAffected() == 1
			return nil
		})
}

// killsOf are the entries of a change: those of the sessions that it ended, then the epoch's.
func killsOf(change *tokens.UserChange, ended []int, epoch auth.Epoch) []revocation.Kill {
	kills := make([]revocation.Kill, 0, len(ended)+1)
	for _, place := range ended {
		kills = append(kills, revocation.KillSession(change.End[place].Session))
	}
	if change.RaiseEpoch {
		kills = append(kills, revocation.KillBelow(change.User, epoch))
	}
	return kills
}

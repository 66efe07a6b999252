package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
)

// users_username_key serves this, once for each name.
const selectPresentNames = `
select u.user_id, u.username, u.epoch, u.roles, u.created_at, u.disabled_at, u.password_hash, u.row_version
  from unnest($1::text[]) as w (username)
  join users u on u.username = any(array[w.username])`

// users_pkey serves this, once for each id.
const selectPresentIDs = `
select u.user_id, u.username, u.epoch, u.roles, u.created_at, u.disabled_at, u.password_hash, u.row_version
  from unnest($1::uuid[]) as w (user_id)
  join users u on u.user_id = any(array[w.user_id])`

// clients_pkey serves this, once for each id.
const selectPresentClients = `
select c.client_id
  from unnest($1::uuid[]) as w (client_id)
  join clients c on c.client_id = any(array[w.client_id])`

// users_username_key and users_pkey find who is there already, and fail the whole message.
const insertUsers = `
insert into users (user_id, username, password_hash, epoch, roles, created_at, disabled_at, row_version)
select n.user_id, n.username, n.password_hash, n.epoch, n.roles, n.created_at, n.disabled_at, 1
  from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[], $7::timestamptz[])
    as n (user_id, username, password_hash, epoch, roles, created_at, disabled_at)`

// users_username_key serves this, in its order.
const selectCredentialsAfter = `
select u.user_id, u.username, u.epoch, u.roles, u.created_at, u.disabled_at, u.password_hash, u.row_version
  from users u
 where u.username > $1
 order by u.username
 limit $2`

// Present implements [accounts.Store]. The kills are read after the users: who is gone by the first reading
// left a kill that the second one sees.
func (s *Store) Present(ctx context.Context, wanted []accounts.Wanted) (p accounts.Present, err error) {
	names, ids := make([]string, len(wanted)), make([]pgtype.UUID, len(wanted))
	kinds, subjects := make([]string, len(wanted)), make([][]byte, len(wanted))
	owners := make(map[revocation.Subject]auth.UserID, len(wanted)) // :: subject → whose it is
	for i, w := range wanted {
		subject := revocation.KillBelow(w.ID, 0).Subject
		owners[subject] = w.ID
		names[i], ids[i] = w.Username, uuid(w.ID)
		kinds[i], subjects[i] = string(revocation.Sub), subject[:]
	}
	p.Epochs = make(map[auth.UserID]auth.Epoch)
	users := make(map[auth.UserID]accounts.Credentials)
	b := s.newReading(&p.Clock)
	b.Queue(selectPresentNames, names).Query(credentialsInto(users))
	b.Queue(selectPresentIDs, ids).Query(credentialsInto(users))
	b.Queue(selectPresentClients, ids).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var id auth.UserID
			if err := rows.Scan((*[16]byte)(&id)); err != nil {
				return err
			}
			p.Clients = append(p.Clients, id)
		}
		return rows.Err()
	})
	b.Queue(selectKills, kinds, subjects).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			e, err := scanEntry(rows)
			if err != nil {
				return err
			}
			id := owners[e.Subject]
			p.Epochs[id] = max(p.Epochs[id], auth.Epoch(e.Value))
		}
		return rows.Err()
	})
	if err := s.send(ctx, "read who is there", b); err != nil {
		return accounts.Present{}, err
	}
	for _, c := range users {
		p.Users = append(p.Users, c)
	}
	return p, nil
}

// credentialsInto reads rows of credentials, a user who is found twice once.
func credentialsInto(users map[auth.UserID]accounts.Credentials) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		for rows.Next() {
			c, err := scanCredentials(rows)
			if err != nil {
				return err
			}
			users[c.ID] = c
		}
		return rows.Err()
	}
}

func scanCredentials(row pgx.Row) (c accounts.Credentials, err error) {
	err = row.Scan(append(userFields(&c.User), &c.PasswordHash, &c.RowVersion)...)
	return c, err
}

// uniqueViolation is the SQLSTATE of a row whose key is there already.
const uniqueViolation = "23505"

// AddUsers implements [accounts.Store].
func (s *Store) AddUsers(ctx context.Context, users []accounts.Credentials, told []audit.Record) error {
	if len(users) == 0 {
		return nil
	}
	b := s.newMessage()
	b.Queue(insertUsers, userColumns(users)...)
	b.Queue(insertRecords, recordColumns(told)...)
	return s.hold(ctx, s.pool, "add users", func(ctx context.Context, conn *pgx.Conn) error {
		err := conn.SendBatch(ctx, b).Close()
		var answer *pgconn.PgError
		if errors.As(err, &answer) && answer.Code == uniqueViolation {
			return accounts.ErrUsernameTaken.Because(fmt.Errorf("add users: %w", withoutValues(err)))
		}
		return err
	})
}

func userColumns(users []accounts.Credentials) []any {
	n := len(users)
	var (
		ids                  = make([]pgtype.UUID, n)
		names, hashes, roles = make([]string, n), make([]string, n), make([]string, n)
		epochs               = make([]int64, n)
		created, disabled    = make([]pgtype.Timestamptz, n), make([]pgtype.Timestamptz, n)
	)
	for i := range users {
		u := &users[i]
		ids[i], names[i], hashes[i] = uuid(u.ID), u.Username, u.PasswordHash
		epochs[i], roles[i] = int64(u.Epoch), joinWords(u.Roles)
		created[i], disabled[i] = timestamp(u.CreatedAt), timestamp(u.DisabledAt)
	}
	return []any{ids, names, hashes, epochs, roles, created, disabled}
}

// CredentialsAfter implements [accounts.Store].
func (s *Store) CredentialsAfter(ctx context.Context, after string, limit int) (list []accounts.Credentials, err error) {
	b := s.newMessage()
	b.Queue(selectCredentialsAfter, after, max(0, limit)).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			c, err := scanCredentials(rows)
			if err != nil {
				return err
			}
			list = append(list, c)
		}
		return rows.Err()
	})
	if err := s.send(ctx, "read users", b); err != nil {
		return nil, err
	}
	return list, nil
}

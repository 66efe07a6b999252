package sqlite

import (
	"context"
	"encoding/json"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
)

// The unique index on username serves this: one look-up for every name.
const selectPresentNames = `
select u.user_id, u.username, u.epoch, u.roles, u.created_at, u.disabled_at, u.password_hash, u.row_version
  from (select value as username from json_each(?1)) wanted
 cross join users u on u.username = wanted.username`

// The primary key of users serves this: one look-up for every id.
const selectPresentIDs = `
select u.user_id, u.username, u.epoch, u.roles, u.created_at, u.disabled_at, u.password_hash, u.row_version
  from (select unhex(value) as user_id from json_each(?1)) wanted
 cross join users u on u.user_id = wanted.user_id`

// The primary key of clients serves this: one look-up for every id.
const selectPresentClients = `
select c.client_id
  from (select unhex(value) as client_id from json_each(?1)) wanted
 cross join clients c on c.client_id = wanted.client_id`

// The primary key and the unique index on username find who is there already, and fail the transaction.
const insertUsers = `
insert into users (user_id, username, password_hash, epoch, roles, created_at, disabled_at, row_version)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1)`

// The unique index on username serves this, in its order.
const selectCredentialsAfter = `
select user_id, username, epoch, roles, created_at, disabled_at, password_hash, row_version
  from users
 where username > ?1
 order by username
 limit ?2`

// Present implements [accounts.Store].
func (s *Store) Present(ctx context.Context, wanted []accounts.Wanted) (p accounts.Present, err error) {
	p.Clock = s.clock()
	p.Epochs = make(map[auth.UserID]auth.Epoch)
	names, keys := make([]string, len(wanted)), make([]revocation.Key, len(wanted))
	owners := make(map[revocation.Subject]auth.UserID, len(wanted)) // :: subject → whose it is
	for i, w := range wanted {
		names[i], keys[i] = w.Username, revocation.KillBelow(w.ID, 0).Key
		owners[keys[i].Subject] = w.ID
	}
	named, err := json.Marshal(names)
	if err != nil {
		return accounts.Present{}, err
	}
	ids := hexList(wanted, func(w *accounts.Wanted) []byte { return w.ID[:] })
	err = s.snapshot(ctx, "read who is there", func(ctx context.Context, l *link) error {
		users := make(map[auth.UserID]accounts.Credentials)
		for _, query := range []struct{ text, list string }{{selectPresentNames, string(named)}, {selectPresentIDs, ids}} {
			found, err := all(ctx, l, query.text, scanPresent, query.list)
			if err != nil {
				return err
			}
			for _, c := range found {
				users[c.ID] = c
			}
		}
		for _, c := range users {
			p.Users = append(p.Users, c)
		}
		if p.Clients, err = all(ctx, l, selectPresentClients, scanUserID, ids); err != nil {
			return err
		}
		return each(ctx, l, selectKills, func(r row) error {
			e, err := scanEntry(r)
			id := owners[e.Subject]
			p.Epochs[id] = max(p.Epochs[id], auth.Epoch(e.Value))
			return err
		}, keyList(keys))
	})
	if err != nil {
		return accounts.Present{}, err
	}
	return p, nil
}

func scanPresent(r row) (c accounts.Credentials, err error) {
	err = r.Scan(bytesColumn(c.ID[:]), &c.Username, &c.Epoch, wordsColumn{&c.Roles},
		(*timeColumn)(&c.CreatedAt), (*timeColumn)(&c.DisabledAt), &c.PasswordHash, &c.RowVersion)
	return c, err
}

func scanUserID(r row) (id auth.UserID, err error) {
	err = r.Scan(bytesColumn(id[:]))
	return id, err
}

// AddUsers implements [accounts.Store].
func (s *Store) AddUsers(ctx context.Context, users []accounts.Credentials, told []audit.Record) error {
	if len(users) == 0 {
		return nil
	}
	return s.write(ctx, "add users", func(ctx context.Context, l *link) error {
		for i := range users {
			u := &users[i]
			_, err := l.exec(ctx, insertUsers, u.ID[:], u.Username, u.PasswordHash, int64(u.Epoch), words(u.Roles),
				micros(u.CreatedAt), micros(u.DisabledAt))
			if isThere(err) {
				return accounts.ErrUsernameTaken.Because(err)
			}
			if err != nil {
				return err
			}
		}
		return addRecords(ctx, l, told)
	})
}

// CredentialsAfter implements [accounts.Store].
func (s *Store) CredentialsAfter(ctx context.Context, after string, limit int) (list []accounts.Credentials, err error) {
	err = s.read(ctx, "read users", func(ctx context.Context, l *link) (err error) {
		list, err = all(ctx, l, selectCredentialsAfter, scanPresent, after, max(limit, 0)) // below 0 would be: no limit
		return err
	})
	return list, err
}

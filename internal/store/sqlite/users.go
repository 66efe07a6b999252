package sqlite

import (
	"context"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
)

// The unique index on username finds a name that is taken.
const insertUser = `
insert into users (user_id, username, password_hash, epoch, roles, created_at, disabled_at, row_version)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1)`

// CreateUser implements [accounts.Store].
func (s *Store) CreateUser(ctx context.Context, user accounts.User, passwordHash string) (time.Time, error) {
	clock := s.clock()
	err := s.write(ctx, "create a user", func(ctx context.Context, l *link) error {
		_, err := l.exec(ctx, insertUser, user.ID[:], user.Username, passwordHash, int64(user.Epoch),
			words(user.Roles), micros(clock), micros(user.DisabledAt))
		if isTaken(err) {
			return accounts.ErrUsernameTaken.Because(err)
		}
		return err
	})
	return clock, err
}

// The primary key of password_cost and the unique index on username serve this; one row always, with
// nulls for a name that nobody has.
const selectCredentials = `
select c.greatest,
       u.user_id, u.username, u.epoch, u.roles, u.created_at, u.disabled_at,
       u.password_hash, u.row_version
  from password_cost c
  left join users u on u.username = ?1
 where c.singleton = 1`

// The primary keys of password_cost and users serve this; one row always, with nulls for nobody.
const selectCredentialsByID = `
select c.greatest,
       u.user_id, u.username, u.epoch, u.roles, u.created_at, u.disabled_at,
       u.password_hash, u.row_version
  from password_cost c
  left join users u on u.user_id = ?1
 where c.singleton = 1`

// CredentialsByName implements [accounts.Store].
func (s *Store) CredentialsByName(ctx context.Context, username string) (
	c accounts.Credentials, greatestCost int, found bool, err error,
) {
	return s.credentials(ctx, selectCredentials, username)
}

// CredentialsByID implements [accounts.Store].
func (s *Store) CredentialsByID(ctx context.Context, id auth.UserID) (
	c accounts.Credentials, greatestCost int, found bool, err error,
) {
	return s.credentials(ctx, selectCredentialsByID, id[:])
}

func (s *Store) credentials(ctx context.Context, query string, key any) (
	c accounts.Credentials, greatestCost int, found bool, err error,
) {
	var login credentials
	err = s.read(ctx, "read credentials", func(ctx context.Context, l *link) (err error) {
		login, err = one(ctx, l, query, scanCredentials, key)
		return err
	})
	return login.Credentials, login.greatestCost, login.found, err
}

// credentials is a row of selectCredentials.
type credentials struct {
	accounts.Credentials
	greatestCost int
	found        bool
}

func scanCredentials(r row) (c credentials, err error) {
	var epoch, version *int64
	err = r.Scan(&c.greatestCost,
		bytesColumn(c.ID[:]), textColumn[string]{&c.Username}, &epoch, wordsColumn{&c.Roles},
		(*timeColumn)(&c.CreatedAt), (*timeColumn)(&c.DisabledAt),
		textColumn[string]{&c.PasswordHash}, &version)
	if err != nil || epoch == nil || version == nil {
		return c, err
	}
	c.Epoch, c.RowVersion, c.found = auth.Epoch(*epoch), *version, true
	return c, nil
}

// The primary key of users serves this; at most one row.
const selectUserByID = `
select user_id, username, epoch, roles, created_at, disabled_at
  from users
 where user_id = ?1`

// UserByID implements [accounts.Store].
func (s *Store) UserByID(ctx context.Context, id auth.UserID) (accounts.User, bool, error) {
	return s.account(ctx, selectUserByID, id[:])
}

// The unique index on username serves this; at most one row.
const selectUserByName = `
select user_id, username, epoch, roles, created_at, disabled_at
  from users
 where username = ?1`

// UserByName implements [accounts.Store].
func (s *Store) UserByName(ctx context.Context, username string) (accounts.User, bool, error) {
	return s.account(ctx, selectUserByName, username)
}

func (s *Store) account(ctx context.Context, text string, key any) (user accounts.User, found bool, err error) {
	err = s.read(ctx, "read a user", func(ctx context.Context, l *link) error {
		users, err := all(ctx, l, text, scanAccount, key)
		if len(users) > 0 {
			user, found = users[0], true
		}
		return err
	})
	return user, found, err
}

func scanAccount(r row) (u accounts.User, err error) {
	err = r.Scan(bytesColumn(u.ID[:]), &u.Username, &u.Epoch, wordsColumn{&u.Roles},
		(*timeColumn)(&u.CreatedAt), (*timeColumn)(&u.DisabledAt))
	return u, err
}

// The primary key of users serves this, in its order.
const selectPasswordHashes = `
select user_id, password_hash
  from users
 where user_id > ?1
 order by user_id
 limit ?2`

// PasswordHashes implements [accounts.Store].
func (s *Store) PasswordHashes(ctx context.Context, after auth.UserID, limit int) (hashes []string, last auth.UserID, err error) {
	err = s.read(ctx, "read password hashes", func(ctx context.Context, l *link) (err error) {
		hashes, err = all(ctx, l, selectPasswordHashes, func(r row) (hash string, err error) {
			err = r.Scan(bytesColumn(last[:]), &hash)
			return hash, err
		}, after[:], max(limit, 0))
		return err
	})
	return hashes, last, err
}

// The unique index on username serves this, in its order: by bytes, as in PostgreSQL's twin.
const selectUsers = `
select user_id, username, epoch, roles, created_at, disabled_at
  from users
 where username > ?1
 order by username
 limit ?2`

// Users implements [accounts.Store].
func (s *Store) Users(ctx context.Context, after string, limit int) (users []accounts.User, err error) {
	err = s.read(ctx, "list users", func(ctx context.Context, l *link) (err error) {
		users, err = all(ctx, l, selectUsers, scanAccount, after, max(limit, 0)) // below 0 would be: no limit
		return err
	})
	return users, err
}

// The primary key of password_cost serves this; one row, or none if the cost is that great already.
const raiseGreatestCost = `
update password_cost
   set greatest = ?1
 where singleton = 1
   and greatest < ?1`

// RaiseGreatestCost implements [accounts.Store].
func (s *Store) RaiseGreatestCost(ctx context.Context, cost int) error {
	return s.write(ctx, "raise the greatest cost", func(ctx context.Context, l *link) error {
		_, err := l.exec(ctx, raiseGreatestCost, cost)
		return err
	})
}

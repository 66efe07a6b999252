package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
)

// users_username_key decides who came first. A name that is taken is no row, and asked for before the
// id: whoever was not told of a first success and comes again has the same id, too.
const insertUser = `
insert into users (user_id, username, password_hash, epoch, roles, created_at, disabled_at, row_version)
values ($1, $2, $3, $4, $5, clock_timestamp(), $6, 1)
on conflict (username) do nothing
returning created_at`

// users_username_key serves this.
const selectCredentials = `
select u.user_id, u.username, u.epoch, u.roles, u.created_at, u.disabled_at, u.password_hash, u.row_version
  from users u
 where u.username = $1`

// users_pkey serves this.
const selectCredentialsByID = `
select u.user_id, u.username, u.epoch, u.roles, u.created_at, u.disabled_at, u.password_hash, u.row_version
  from users u
 where u.user_id = $1`

// password_cost_pkey serves this.
const selectGreatestCost = `
select c.greatest
  from password_cost c
 where c.singleton = 1`

// users_pkey serves this.
const selectUserByID = `
select u.user_id, u.username, u.epoch, u.roles, u.created_at, u.disabled_at
  from users u
 where u.user_id = $1`

// users_username_key serves this.
const selectUserByName = `
select u.user_id, u.username, u.epoch, u.roles, u.created_at, u.disabled_at
  from users u
 where u.username = $1`

// users_username_key serves this, in its order.
const selectUsers = `
select u.user_id, u.username, u.epoch, u.roles, u.created_at, u.disabled_at
  from users u
 where u.username > $1
 order by u.username
 limit $2`

// users_pkey serves this, in its order.
const selectPasswordHashes = `
select u.user_id, u.password_hash
  from users u
 where u.user_id > $1
 order by u.user_id
 limit $2`

// password_cost_pkey serves this. Nothing is written where nothing would rise.
const raiseGreatestCost = `
update password_cost c
   set greatest = $1
 where c.singleton = 1
   and c.greatest < $1`

// CreateUser implements [accounts.Store].
func (s *Store) CreateUser(ctx context.Context, user accounts.User, passwordHash string) (createdAt time.Time, err error) {
	b := s.newMessage()
	b.Queue(insertUser, uuid(user.ID), user.Username, passwordHash, int64(user.Epoch), joinWords(user.Roles), timestamp(user.DisabledAt)).
		QueryRow(func(row pgx.Row) error {
			err := row.Scan((*instant)(&createdAt))
			if errors.Is(err, pgx.ErrNoRows) {
				return accounts.ErrUsernameTaken
			}
			return err
		})
	if err := s.send(ctx, "create a user", b); err != nil {
		return time.Time{}, err
	}
	return createdAt, nil
}

// CredentialsByName implements [accounts.Store].
func (s *Store) CredentialsByName(ctx context.Context, username string) (c accounts.Credentials, greatestCost int, found bool, err error) {
	return s.credentials(ctx, selectCredentials, username)
}

// CredentialsByID implements [accounts.Store].
func (s *Store) CredentialsByID(ctx context.Context, id auth.UserID) (c accounts.Credentials, greatestCost int, found bool, err error) {
	return s.credentials(ctx, selectCredentialsByID, uuid(id))
}

// credentials reads the cost after the hash. Whoever stores a hash raised the cost before, so it is never
// below that of the hash.
func (s *Store) credentials(ctx context.Context, query string, key any) (c accounts.Credentials, greatestCost int, found bool, err error) {
	b := &pgx.Batch{}
	b.Queue(query, key).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			found = true
			if err := rows.Scan(append(userFields(&c.User), &c.PasswordHash, &c.RowVersion)...); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	b.Queue(selectGreatestCost).QueryRow(func(row pgx.Row) error { return row.Scan(&greatestCost) })
	if err := s.send(ctx, "read credentials", b); err != nil {
		return accounts.Credentials{}, 0, false, err
	}
	return c, greatestCost, found, nil
}

// UserByID implements [accounts.Store].
func (s *Store) UserByID(ctx context.Context, id auth.UserID) (accounts.User, bool, error) {
	return first(s.users(ctx, selectUserByID, uuid(id)))
}

// UserByName implements [accounts.Store].
func (s *Store) UserByName(ctx context.Context, username string) (accounts.User, bool, error) {
	return first(s.users(ctx, selectUserByName, username))
}

// Users implements [accounts.Store].
func (s *Store) Users(ctx context.Context, after string, limit int) ([]accounts.User, error) {
	return s.users(ctx, selectUsers, after, max(0, limit))
}

// RaiseGreatestCost implements [accounts.Store].
func (s *Store) RaiseGreatestCost(ctx context.Context, cost int) error {
	b := s.newMessage()
	b.Queue(raiseGreatestCost, cost)
	return s.send(ctx, "raise the greatest cost", b)
}

func (s *Store) users(ctx context.Context, query string, arguments ...any) (users []accounts.User, err error) {
	b := &pgx.Batch{}
	b.Queue(query, arguments...).Query(func(rows pgx.Rows) error {
		var u accounts.User
		fields := userFields(&u)
		for rows.Next() {
			if err := rows.Scan(fields...); err != nil {
				return err
			}
			users = append(users, u)
		}
		return rows.Err()
	})
	if err := s.send(ctx, "read users", b); err != nil {
		return nil, err
	}
	return users, nil
}

func first(users []accounts.User, err error) (accounts.User, bool, error) {
	if err != nil || len(users) == 0 {
		return accounts.User{}, false, err
	}
	return users[0], true, nil
}

// userFields are where the columns of a user go, in the order in which every statement here names them.
func userFields(u *accounts.User) []any {
	return []any{
		(*[16]byte)(&u.ID), &u.Username, (*int64)(&u.Epoch), (*wordList)(&u.Roles),
		(*instant)(&u.CreatedAt), (*instant)(&u.DisabledAt),
	}
}

// PasswordHashes implements [accounts.Store].
func (s *Store) PasswordHashes(ctx context.Context, after auth.UserID, limit int) (hashes []string, last auth.UserID, err error) {
	b := s.newMessage()
	b.Queue(selectPasswordHashes, uuid(after), max(0, limit)).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var hash string
			if err := rows.Scan((*[16]byte)(&last), &hash); err != nil {
				return err
			}
			hashes = append(hashes, hash)
		}
		return rows.Err()
	})
	if err := s.send(ctx, "read password hashes", b); err != nil {
		return nil, auth.UserID{}, err
	}
	return hashes, last, nil
}

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
)

const insertClient = `
insert into clients (client_id, name, secret_hash, scopes, audiences, epoch, created_at, row_version)
values ($1, $2, $3, $4, $5, $6, clock_timestamp(), 1)
returning created_at`

// clients_pkey serves this.
const selectClient = `
select c.client_id, c.name, c.scopes, c.audiences, c.epoch, c.created_at, c.secret_hash
  from clients c
 where c.client_id = $1`

// clients_pkey serves this, in its order.
const selectClients = `
select c.client_id, c.name, c.scopes, c.audiences, c.epoch, c.created_at
  from clients c
 where c.client_id > $1
 order by c.client_id
 limit $2`

// clients_pkey serves this. Client, head and kill in one statement, and so with its commit in one message.
const raiseClient = `
with raised as (
update clients c
   set epoch = c.epoch + 1,
       row_version = c.row_version + 1
 where c.client_id = $1
returning c.epoch),` +
	killClient

// clients_pkey serves this. The entry is what a raise would have added.
const deleteClient = `
with raised as (
delete from clients c
 where c.client_id = $1
returning c.epoch + 1 as epoch),` +
	killClient

const killClient = `
stamp as (
select $3::bigint as mark, $4::bigint as grace),
entries as (
select 'sub' as kind, $2::bytea as subject, r.epoch as value, 1 as place
  from raised r),` +
	advanceHead + `
select count(*) from entries`

// CreateClient implements [accounts.Store].
func (s *Store) CreateClient(ctx context.Context, c accounts.ClientCredentials) (createdAt time.Time, err error) {
	b := s.newMessage()
	b.Queue(insertClient, uuid(c.ID), c.Name, c.SecretHash[:], joinWords(c.Scopes), joinWords(c.Audiences), int64(c.Epoch)).
		QueryRow(func(row pgx.Row) error { return row.Scan((*instant)(&createdAt)) })
	if err := s.send(ctx, "create a client", b); err != nil {
		return time.Time{}, err
	}
	return createdAt, nil
}

// ClientByID implements [accounts.Store].
func (s *Store) ClientByID(ctx context.Context, id auth.ClientID) (c accounts.ClientCredentials, clock time.Time, found bool, err error) {
	b := s.newReading(&clock)
	b.Queue(selectClient, uuid(id)).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			found = true
			if err := rows.Scan(append(clientFields(&c.Client), (*digest)(&c.SecretHash))...); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err := s.send(ctx, "read a client", b); err != nil {
		return accounts.ClientCredentials{}, time.Time{}, false, err
	}
	return c, clock, found, nil
}

// Clients implements [accounts.Store].
func (s *Store) Clients(ctx context.Context, after auth.ClientID, limit int) (clients []accounts.Client, err error) {
	b := &pgx.Batch{}
	b.Queue(selectClients, uuid(after), max(0, limit)).Query(func(rows pgx.Rows) error {
		var c accounts.Client
		fields := clientFields(&c)
		for rows.Next() {
			if err := rows.Scan(fields...); err != nil {
				return err
			}
			clients = append(clients, c)
		}
		return rows.Err()
	})
	if err := s.send(ctx, "list clients", b); err != nil {
		return nil, err
	}
	return clients, nil
}

// RaiseClient implements [tokens.Store].
func (s *Store) RaiseClient(ctx context.Context, id auth.ClientID, mark uint64) (found bool, err error) {
	return s.endClient(ctx, "raise a client", raiseClient, id, mark)
}

// DeleteClient implements [tokens.Store].
func (s *Store) DeleteClient(ctx context.Context, id auth.ClientID, mark uint64) (found bool, err error) {
	return s.endClient(ctx, "delete a client", deleteClient, id, mark)
}

func (s *Store) endClient(ctx context.Context, doing, statement string, id auth.ClientID, mark uint64) (found bool, err error) {
	subject := revocation.KillBelow(id, 0).Subject
	b := s.newMessage()
	b.Queue(statement, uuid(id), subject[:], int64(mark), grace).
		QueryRow(func(row pgx.Row) error {
			var ended int
			err := row.Scan(&ended)
			found = ended == 1
			return err
		})
	if err := s.send(ctx, doing, b); err != nil {
		return false, err
	}
	return found, nil
}

// clientFields are where the columns of a client go, in the order in which every statement here names them.
func clientFields(c *accounts.Client) []any {
	return []any{
		(*[16]byte)(&c.ID), &c.Name, (*wordList)(&c.Scopes), (*wordList)(&c.Audiences), (*int64)(&c.Epoch), (*instant)(&c.CreatedAt),
	}
}

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
)

// The primary key of clients takes it.
const insertClient = `
insert into clients (client_id, name, secret_hash, scopes, audiences, epoch, created_at, row_version)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1)`

// CreateClient implements [accounts.Store].
func (s *Store) CreateClient(ctx context.Context, c accounts.ClientCredentials) (time.Time, error) {
	clock := s.clock()
	err := s.write(ctx, "create a client", func(ctx context.Context, l *link) error {
		_, err := l.exec(ctx, insertClient, c.ID[:], c.Name, c.SecretHash[:], words(c.Scopes), words(c.Audiences),
			int64(c.Epoch), micros(clock))
		return err
	})
	return clock, err
}

// The primary key of clients serves this; at most one row.
const selectClient = `
select client_id, name, scopes, audiences, epoch, created_at, secret_hash
  from clients
 where client_id = ?1`

// ClientByID implements [accounts.Store].
func (s *Store) ClientByID(ctx context.Context, id auth.ClientID) (
	c accounts.ClientCredentials, clock time.Time, found bool, err error,
) {
	clock = s.clock()
	err = s.read(ctx, "read a client", func(ctx context.Context, l *link) error {
		clients, err := all(ctx, l, selectClient, scanClientCredentials, id[:])
		if len(clients) > 0 {
			c, found = clients[0], true
		}
		return err
	})
	return c, clock, found, err
}

// The primary key of clients serves this, in its order.
const selectClients = `
select client_id, name, scopes, audiences, epoch, created_at
  from clients
 where client_id > ?1
 order by client_id
 limit ?2`

// Clients implements [accounts.Store].
func (s *Store) Clients(ctx context.Context, after auth.ClientID, limit int) (clients []accounts.Client, err error) {
	err = s.read(ctx, "list clients", func(ctx context.Context, l *link) (err error) {
		clients, err = all(ctx, l, selectClients, scanClient, after[:], max(limit, 0)) // below 0 would be: no limit
		return err
	})
	return clients, err
}

// clientColumns is where the columns of a client go, in the order of the statements.
func clientColumns(c *accounts.Client) []any {
	return []any{bytesColumn(c.ID[:]), &c.Name, wordsColumn{&c.Scopes}, wordsColumn{&c.Audiences}, &c.Epoch, (*timeColumn)(&c.CreatedAt)}
}

func scanClient(r row) (c accounts.Client, err error) {
	err = r.Scan(clientColumns(&c)...)
	return c, err
}

func scanClientCredentials(r row) (c accounts.ClientCredentials, err error) {
	err = r.Scan(append(clientColumns(&c.Client), bytesColumn(c.SecretHash[:]))...)
	return c, err
}

// The primary key of clients serves this; at most one row.
const raiseClient = `
update clients
   set epoch = epoch + 1,
       row_version = row_version + 1
 where client_id = ?1
returning epoch`

// RaiseClient implements [tokens.Store].
func (s *Store) RaiseClient(ctx context.Context, id auth.ClientID, mark uint64) (found bool, err error) {
	return s.endClient(ctx, "raise a client", raiseClient, id, mark)
}

// The primary key of clients serves this; at most one row. The epoch is what a raise would have made.
const deleteClient = `
delete from clients
 where client_id = ?1
returning epoch + 1`

// DeleteClient implements [tokens.Store].
func (s *Store) DeleteClient(ctx context.Context, id auth.ClientID, mark uint64) (found bool, err error) {
	return s.endClient(ctx, "delete a client", deleteClient, id, mark)
}

func (s *Store) endClient(ctx context.Context, doing, statement string, id auth.ClientID, mark uint64) (found bool, err error) {
	err = s.write(ctx, doing, func(ctx context.Context, l *link) error {
		epoch, err := one(ctx, l, statement, scanInt, id[:])
		if err != nil {
			return err
		}
		return s.addKills(ctx, l, []revocation.Kill{revocation.KillBelow(id, auth.Epoch(epoch))}, mark)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

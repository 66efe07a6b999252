//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	mathrand "math/rand/v2"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// oneStatement is the yardstick of everything that writes: a rotation as one statement, in the shape that one row a
// token asks for, sent by 64 clients through 16 connections of pgx, with neither HTTP nor a signature around it.
type oneStatement struct {
	pool   *pgxpool.Pool
	hashes [][32]byte // of the live tokens
}

const rotateInOneStatement = `
with spent as (
update tokens
   set used_at = clock_timestamp()
 where token_hash = $1
   and used_at is null
returning session_id)
insert into tokens (token_hash, session_id)
select $2, session_id
  from spent`

func (w *world) openOneStatement(ctx context.Context, name string) (*oneStatement, error) {
	url, err := w.schema(ctx, name)
	if err != nil {
		return nil, err
	}
	pool, err := openPool(ctx, url)
	if err != nil {
		return nil, err
	}
	for _, statement := range []string{
		`create table tokens (token_hash bytea not null primary key, session_id uuid not null, used_at timestamptz)`,
		`create index on tokens (session_id)`,
	} {
		if _, err := pool.Exec(ctx, statement); err != nil {
			return nil, err
		}
	}
	return &oneStatement{pool: pool}, nil
}

// grow adds tokens, of a session each, until there are n.
func (o *oneStatement) grow(ctx context.Context, n int) error {
	old := len(o.hashes)
	for len(o.hashes) < n {
		o.hashes = append(o.hashes, randomHash())
	}
	_, err := o.pool.CopyFrom(ctx, pgx.Identifier{"tokens"}, []string{"token_hash", "session_id"},
		pgx.CopyFromSlice(n-old, func(i int) ([]any, error) {
			hash := o.hashes[old+i]
			return []any{hash[:], [16]byte(hash[:16])}, nil
		}))
	if err == nil {
		_, err = o.pool.Exec(ctx, "vacuum (analyze) tokens")
	}
	return err
}

func (o *oneStatement) load(id, what string, clients int) *load {
	return &load{id: id, what: what, clients: clients, rest: o.clean,
		open: func(_ context.Context, n int) (func(context.Context) error, func(), error) {
			mine, random := o.hashes[n*len(o.hashes)/clients:(n+1)*len(o.hashes)/clients], mathrand.New(mathrand.NewPCG(uint64(n), mathrand.Uint64()))
			return func(ctx context.Context) error {
				held, next := &mine[random.IntN(len(mine))], randomHash()
				tag, err := o.pool.Exec(ctx, rotateInOneStatement, held[:], next[:])
				if err == nil && tag.RowsAffected() != 1 {
					err = fmt.Errorf("%d tokens instead of one", tag.RowsAffected())
				}
				*held = next
				return err
			}, func() {}, nil
		}}
}

// clean removes what is used, as a service of this shape has to.
func (o *oneStatement) clean(ctx context.Context) error {
	_, err := o.pool.Exec(ctx, `delete from tokens where used_at is not null`)
	if err == nil {
		_, err = o.pool.Exec(ctx, "vacuum tokens")
	}
	return err
}

// randomHash stands for that of a new token: to make and to hash one is part of a rotation.
func randomHash() [32]byte {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // documented never to fail
	return sha256.Sum256(secret[:])
}

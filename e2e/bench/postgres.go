//go:build linux

package main

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/store/postgres"
)

// postgresTable writes beside a store on PostgreSQL.
type postgresTable struct {
	*postgres.Store
	pool *pgxpool.Pool
}

func openPostgres(url string) func(context.Context) (table, error) {
	return func(ctx context.Context) (_ table, err error) {
		t := &postgresTable{}
		if t.pool, err = openPool(ctx, url); err != nil {
			return nil, err
		}
		t.Store, err = postgres.Open(ctx, postgres.Config{URL: url})
		return t, err
	}
}

func (t *postgresTable) addUsers(ctx context.Context, users []auth.UserID) error {
	_, err := t.pool.CopyFrom(ctx, pgx.Identifier{"users"},
		[]string{"user_id", "username", "password_hash", "epoch", "roles", "created_at", "row_version"},
		pgx.CopyFromSlice(len(users), func(i int) ([]any, error) {
			id := users[i]
			return []any{[16]byte(id), "user-" + hex.EncodeToString(id[:]), "none", 1, "", time.Now(), 1}, nil
		}))
	return err
}

func (t *postgresTable) addSessions(ctx context.Context, seeds []seed) error {
	_, err := t.pool.CopyFrom(ctx, pgx.Identifier{"sessions"}, sessionColumns,
		pgx.CopyFromSlice(len(seeds), func(i int) ([]any, error) {
			r := &seeds[i].row
			return []any{[16]byte(r.ID), [16]byte(r.User), r.ClientID, int64(r.Epoch), int64(r.Generation), r.CurrentHash[:],
				int16(r.SecretVersion), r.CreatedAt, r.RotatedAt, r.IdleEndsAt, r.EndsAt,
				r.Device, r.UserAgent, r.LoginIP, r.RowVersion, r.LoginIP.String()}, nil
		}))
	return err
}

// sessionColumns have a value when a session was opened and never refreshed.
var sessionColumns = []string{"session_id", "user_id", "client_id", "epoch", "generation", "current_hash",
	"secret_version", "created_at", "rotated_at", "idle_ends_at", "ends_at",
	"device", "user_agent", "login_ip", "row_version", "login_net"}

func (t *postgresTable) settle(ctx context.Context) error {
	_, err := t.pool.Exec(ctx, "vacuum (analyze) users, sessions")
	return err
}

func (t *postgresTable) close() error {
	t.pool.Close()
	return t.Store.Close()
}

func (t *postgresTable) revive(ctx context.Context) error {
	_, err := t.pool.Exec(ctx, revived)
	if err == nil {
		_, err = t.pool.Exec(ctx, "vacuum sessions")
	}
	return err
}

const revived = `update sessions set ended_at = null, end_reason = null where ended_at is not null`

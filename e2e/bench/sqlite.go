//go:build linux

package main

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/store/sqlite"
)

// sqliteTable writes into the file of a store on SQLite that nobody serves.
type sqliteTable struct {
	*sqlite.Store
	db *sql.DB
}

func openSQLite(folder string) func(context.Context) (table, error) {
	return func(ctx context.Context) (_ table, err error) {
		path := filepath.Join(folder, "authd.db")
		t := &sqliteTable{}
		// What is lost without a flush is filled again: only authd's own commits have to last.
		if t.db, err = sql.Open("sqlite", path+"?_pragma=synchronous(off)&_pragma=busy_timeout(10000)"); err != nil {
			return nil, err
		}
		t.Store, err = sqlite.Open(ctx, sqlite.Config{Path: path, Now: time.Now})
		return t, err
	}
}

func (t *sqliteTable) addUsers(ctx context.Context, users []auth.UserID) error {
	const insert = `insert into users (user_id, username, password_hash, epoch, roles, created_at, row_version) values (?, ?, ?, ?, ?, ?, ?)`
	return t.insert(ctx, insert, len(users), func(i int) []any {
		id := users[i]
		return []any{id[:], "user-" + hex.EncodeToString(id[:]), "none", 1, "", time.Now().UnixMicro(), 1}
	})
}

func (t *sqliteTable) addSessions(ctx context.Context, seeds []seed) error {
	insert := "insert into sessions (" + strings.Join(sessionColumns, ", ") + ") values (?" + strings.Repeat(", ?", len(sessionColumns)-1) + ")"
	return t.insert(ctx, insert, len(seeds), func(i int) []any {
		r := &seeds[i].row
		return []any{r.ID[:], r.User[:], r.ClientID, int64(r.Epoch), int64(r.Generation), r.CurrentHash[:],
			int64(r.SecretVersion), r.CreatedAt.UnixMicro(), r.RotatedAt.UnixMicro(), r.IdleEndsAt.UnixMicro(), r.EndsAt.UnixMicro(),
			r.Device, r.UserAgent, r.LoginIP.String(), r.RowVersion, r.LoginIP.String()}
	})
}

// insert writes n rows in one transaction.
func (t *sqliteTable) insert(ctx context.Context, statement string, n int, row func(i int) []any) error {
	tx, err := t.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after the commit
	prepared, err := tx.PrepareContext(ctx, statement)
	if err != nil {
		return err
	}
	for i := range n {
		if _, err := prepared.ExecContext(ctx, row(i)...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (t *sqliteTable) settle(ctx context.Context) error {
	_, err := t.db.ExecContext(ctx, "pragma wal_checkpoint(truncate)")
	return err
}

func (t *sqliteTable) close() error {
	return errors.Join(t.db.Close(), t.Store.Close())
}

func (t *sqliteTable) revive(ctx context.Context) error {
	_, err := t.db.ExecContext(ctx, revived)
	return err
}

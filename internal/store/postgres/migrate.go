package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/authd/authd/migrations"
)

// All of a small table.
const selectVersion = `
select coalesce(max(version_id), 0)
  from goose_db_version
 where is_applied`

// The row that goose makes together with its table is the lock of migrations. It ends with its
// transaction, however that ends; an advisory lock would not survive a pooler.
const lockSchema = `
select version_id
  from goose_db_version
 where version_id = 0
   for update`

// A migration may take long, and the lock is idle meanwhile.
const keepLock = `
select set_config('idle_in_transaction_session_timeout', '0', true),
       set_config('lock_timeout', '0', true),
       set_config('statement_timeout', '0', true)`

// Migrate brings the schema to this build's version. Any number of instances may call it at once: one
// migrates, the others wait and find nothing to do (G14). Each migration is a transaction, so one that
// was killed left nothing behind (G13).
func (s *Store) Migrate(ctx context.Context) (err error) {
	// Connections of its own: the pool may have a single one, and two are needed.
	db := stdlib.OpenDB(*s.pool.Config().ConnConfig)
	defer db.Close()
	source, err := fs.Sub(migrations.Postgres, "postgres")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, source, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := provider.GetDBVersion(ctx); err != nil { // makes the table, in a race of its own
		return failed("read the schema's version", err)
	}
	unlock, err := lockMigrations(ctx, db)
	if err != nil {
		return failed("lock the schema", err)
	}
	defer func() {
		// A lock that was lost kept nobody out meanwhile.
		if lost := unlock(); lost != nil {
			err = errors.Join(err, failed("unlock the schema", lost))
		}
	}()

	have, want, err := s.Schema(ctx)
	if err != nil {
		return err
	}
	if have > want {
		return fmt.Errorf("the schema is at %d and this build knows %d: it belongs to a newer authd", have, want)
	}
	if _, err := provider.Up(ctx); err != nil {
		return failed("migrate the schema", err)
	}
	return nil
}

// lockMigrations waits for every other migration, as long as ctx lasts.
func lockMigrations(ctx context.Context, db *sql.DB) (unlock func() error, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback()
		}
	}()
	if _, err := tx.ExecContext(ctx, keepLock); err != nil {
		return nil, err
	}
	var zero int64
	if err := tx.QueryRowContext(ctx, lockSchema).Scan(&zero); err != nil {
		return nil, err
	}
	return tx.Rollback, nil
}

// Schema returns the version of the schema, 0 if there is none, and the version that this build needs.
func (s *Store) Schema(ctx context.Context) (have, want int64, err error) {
	want, err = newestMigration()
	if err != nil {
		return 0, 0, err
	}
	b := &pgx.Batch{}
	b.Queue(selectVersion).QueryRow(func(row pgx.Row) error { return row.Scan(&have) })
	err = s.send(ctx, "read the schema's version", b)
	if isCode(err, undefinedTable) {
		return 0, want, nil
	}
	return have, want, err
}

func newestMigration() (newest int64, err error) {
	files, err := fs.Glob(migrations.Postgres, "postgres/*.sql")
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		version, err := goose.NumericComponent(file)
		if err != nil {
			return 0, err
		}
		newest = max(newest, version)
	}
	return newest, nil
}

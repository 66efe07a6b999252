package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"github.com/authd/authd/migrations"
)

// Schema reads the version of the file's schema, and which one this build wants. A file without a
// schema has version 0.
func (s *Store) Schema(ctx context.Context) (have, want int64, err error) {
	folder, err := fs.Sub(migrations.SQLite, "sqlite")
	if err != nil {
		return 0, 0, err
	}
	if want, err = newest(folder); err != nil {
		return 0, 0, err
	}
	have, err = s.version(ctx)
	return have, want, err
}

// version is the number of the last migration that was applied.
func (s *Store) version(ctx context.Context) (have int64, err error) {
	err = s.snapshot(ctx, "read the schema's version", func(ctx context.Context, l *link) error {
		tables, err := one(ctx, l, countVersionTables, scanInt)
		if err != nil || tables == 0 {
			return err
		}
		have, err = one(ctx, l, selectVersion, scanInt)
		return err
	})
	return have, err
}

// countVersionTables reads the schema table, which is small.
const countVersionTables = `
select count(*)
  from sqlite_schema
 where type = 'table'
   and name = 'goose_db_version'`

// selectVersion reads goose's table, one row a migration.
const selectVersion = `
select coalesce(max(version_id), 0)
  from goose_db_version`

// Migrate brings the schema to the newest version that this build knows.
//
// Several may do it at once without a lock, which a killed process could leave behind. A migration and
// the row that says so commit together. Who comes second waits for the write lock, fails on a table
// that exists by then, reads that the version moved, and goes on from there.
func (s *Store) Migrate(ctx context.Context) error {
	folder, err := fs.Sub(migrations.SQLite, "sqlite")
	if err != nil {
		return err
	}
	return s.migrate(ctx, folder)
}

func (s *Store) migrate(ctx context.Context, folder fs.FS) error {
	want, err := newest(folder)
	if err != nil {
		return err
	}
	have, err := s.version(ctx)
	if err != nil {
		return err
	}
	if have > want {
		return fmt.Errorf("migrate the database: the schema is at %d, this build knows %d: use a newer build", have, want)
	}
	for have < want {
		failed, before := s.up(ctx, folder), have
		if have, err = s.version(ctx); err != nil {
			return err
		}
		if failed != nil && have == before {
			return fmt.Errorf("migrate the database: the schema is at %d, this build needs %d: %w", have, want, mapped(failed))
		}
	}
	return nil
}

// up applies what is missing, on a connection of its own that is gone afterwards.
func (s *Store) up(ctx context.Context, folder fs.FS) (err error) {
	db, err := open(source(s.path))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := makeVersionTable(ctx, db); err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, folder, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// makeVersionTable makes goose's table under the write lock. Left to goose, who loses that race sleeps
// for a second.
func makeVersionTable(ctx context.Context, db *sql.DB) error {
	table, err := database.NewStore(database.DialectSQLite3, goose.DefaultTablename)
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // says ErrTxDone after the commit
	var tables int64
	if err := tx.QueryRowContext(ctx, countVersionTables).Scan(&tables); err != nil || tables > 0 {
		return err
	}
	if err := table.CreateVersionTable(ctx, tx); err != nil {
		return err
	}
	if err := table.Insert(ctx, tx, database.InsertRequest{Version: 0}); err != nil {
		return err
	}
	return tx.Commit()
}

// newest is the number of the last migration in a folder.
func newest(folder fs.FS) (version int64, err error) {
	files, err := fs.Glob(folder, "*.sql")
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		number, err := goose.NumericComponent(file)
		if err != nil {
			return 0, err
		}
		version = max(version, number)
	}
	return version, nil
}

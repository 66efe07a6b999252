//go:build unix

package migrations_test

import (
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite"

	"github.com/authd/authd/internal/store/pgtest"
	"github.com/authd/authd/migrations"
)

// dialect is one of the two folders, on an empty database.
type dialect struct {
	goose.Dialect
	folder fs.FS
	db     *sql.DB
}

func open(t *testing.T, d goose.Dialect, files embed.FS, folder, driver, source string) dialect {
	t.Helper()
	sub, err := fs.Sub(files, folder)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return dialect{d, sub, db}
}

func postgres(t *testing.T) dialect {
	t.Helper()
	return open(t, goose.DialectPostgres, migrations.Postgres, "postgres", "pgx", pgtest.New(t))
}

func sqlite(t *testing.T) dialect {
	t.Helper()
	path := "file:" + filepath.Join(t.TempDir(), "test.db") + "?_pragma=foreign_keys(on)"
	return open(t, goose.DialectSQLite3, migrations.SQLite, "sqlite", "sqlite", path)
}

func (d dialect) goose(t *testing.T) *goose.Provider {
	t.Helper()
	p, err := goose.NewProvider(d.Dialect, d.db, d.folder, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (d dialect) up(t *testing.T) {
	t.Helper()
	if _, err := d.goose(t).Up(t.Context()); err != nil {
		t.Fatalf("%s: migrate up: %v", d.Dialect, err)
	}
}

// lines runs a query and returns its rows as sorted text.
func (d dialect) lines(t *testing.T, query string) []string {
	t.Helper()
	rows, err := d.db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", d.Dialect, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.TrimSuffix(fmt.Sprintln(values...), "\n"))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

func TestBothDialectsHaveTheSameNumbersAndNames(t *testing.T) {
	t.Parallel()
	names := func(files embed.FS, folder string) []string {
		list, err := fs.Glob(files, folder+"/*")
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range list {
			list[i] = strings.TrimPrefix(name, folder+"/")
		}
		return list
	}
	got, want := names(migrations.SQLite, "sqlite"), names(migrations.Postgres, "postgres")
	if d := cmp.Diff(got, want); d != "" || len(want) == 0 {
		t.Errorf("the files of SQLite and PostgreSQL (-sqlite +postgres):\n%s", d)
	}
}

func TestBothDialectsMakeTheSameSchema(t *testing.T) {
	t.Parallel()
	pg, lite := postgres(t), sqlite(t)
	pg.up(t)
	lite.up(t)
	for _, c := range []struct{ what, postgres, sqlite string }{
		{"columns, with their places, types and nullability", postgresColumns, sqliteColumns},
		{"primary and unique keys", postgresKeys, sqliteKeys},
		{"indexes", postgresIndexes, sqliteIndexes},
		{"references", postgresReferences, sqliteReferences},
	} {
		want := pg.lines(t, c.postgres)
		if len(want) == 0 {
			t.Errorf("PostgreSQL has no %s", c.what)
		}
		if d := cmp.Diff(lite.lines(t, c.sqlite), want); d != "" {
			t.Errorf("%s (-sqlite +postgres):\n%s", c.what, d)
		}
	}
}

// What a migration puts into the tables is part of them.
func TestBothDialectsMakeTheSameRows(t *testing.T) {
	t.Parallel()
	pg, lite := postgres(t), sqlite(t)
	pg.up(t)
	lite.up(t)
	tables := lite.lines(t, sqliteTables+` and type = 'table'`)
	if len(tables) == 0 {
		t.Error("there are no tables")
	}
	for _, table := range tables {
		query := "select * from " + table
		if d := cmp.Diff(lite.lines(t, query), pg.lines(t, query)); d != "" {
			t.Errorf("%s (-sqlite +postgres):\n%s", table, d)
		}
	}
}

func TestDownUndoesUp(t *testing.T) {
	t.Parallel()
	for _, d := range []dialect{postgres(t), sqlite(t)} {
		query := map[goose.Dialect]string{goose.DialectPostgres: postgresTables, goose.DialectSQLite3: sqliteTables}[d.Dialect]
		d.up(t)
		want := d.lines(t, query)
		if _, err := d.goose(t).DownTo(t.Context(), 0); err != nil {
			t.Errorf("%s: migrate down: %v", d.Dialect, err)
		}
		if left := d.lines(t, query); len(left) > 0 {
			t.Errorf("%s: down leaves %v", d.Dialect, left)
		}
		d.up(t)
		if diff := cmp.Diff(d.lines(t, query), want); diff != "" {
			t.Errorf("%s: up after down (-got +want):\n%s", d.Dialect, diff)
		}
	}
}

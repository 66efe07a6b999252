//go:build unix

package everystore

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/authd/authd/internal/store/pgtest"
	"github.com/authd/authd/internal/store/postgres"
	"github.com/authd/authd/internal/store/sqlite"
)

// served is a store with the address of its server.
type served struct {
	*postgres.Store
	url string
}

// Dump returns everything that a store holds, as who steals a backup has it: of SQLite the bytes of the
// file, of PostgreSQL every row of every table as text.
func Dump(t testing.TB, store Store) []byte {
	t.Helper()
	switch store := store.(type) {
	case *sqlite.Store:
		path := filepath.Join(t.TempDir(), "dump.db")
		if err := store.Backup(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		dump, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return dump
	case served:
		return []byte(store.dump(t))
	}
	t.Fatalf("%T is no store of this package", store)
	return nil
}

func (s served) dump(t testing.TB) string {
	conn := pgtest.Connect(t, s.url)
	read := func(query string) []string {
		rows, err := conn.Query(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return lines
	}
	var dump strings.Builder
	for _, table := range read(`select table_name from information_schema.tables where table_schema = current_schema()`) {
		name := pgx.Identifier{table}.Sanitize()
		dump.WriteString(table + "\n" + strings.Join(read(`select r::text from `+name+` r`), "\n") + "\n")
	}
	return dump.String()
}

//go:build unix

package everystore

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/store/pgtest"
	"github.com/authd/authd/internal/store/postgres"
	"github.com/authd/authd/internal/store/sqlite"
	"github.com/authd/authd/internal/tokens"
)

// Store is what both stores are.
type Store interface {
	tokens.Store
	tokens.KeyringStore
	accounts.Store
	audit.Store
	revocation.Store
	Migrate(ctx context.Context) error
	Close() error
}

// Database opens one more handle on the test's database, closed when t ends. Handles share the data
// and nothing else, as two processes would.
type Database func(t testing.TB) Store

// Test runs a claim once for each store.
func Test(t *testing.T, claim func(t *testing.T, open Database)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		claim(t, OnSQLite(t))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		claim(t, OnPostgres(t))
	})
}

// OnSQLite makes an empty, migrated database file.
func OnSQLite(t testing.TB) Database {
	t.Helper()
	file := filepath.Join(t.TempDir(), "authd.db")
	return migrated(t, func(t testing.TB) Store {
		store, err := sqlite.Open(t.Context(), sqlite.Config{Path: file, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		return store
	})
}

// OnPostgres makes an empty, migrated schema.
func OnPostgres(t testing.TB) Database {
	t.Helper()
	url := pgtest.New(t)
	return migrated(t, func(t testing.TB) Store {
		store, err := postgres.Open(t.Context(), postgres.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		return served{store, url}
	})
}

func migrated(t testing.TB, open func(testing.TB) Store) Database {
	t.Helper()
	first := open(t)
	if err := first.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	return func(t testing.TB) Store {
		t.Helper()
		store := open(t)
		t.Cleanup(func() {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
		return store
	}
}

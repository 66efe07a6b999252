//go:build unix

package postgres

import (
	"strings"
	"testing"

	"github.com/authd/authd/internal/store/pgtest"
)

// G14: whoever comes second waits, and finds nothing to do.
func TestTenInstancesMayMigrateAtOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	errs := make(chan error, 10)
	for range cap(errs) {
		s := opened(t, Config{URL: url, MaxConns: 1})
		go func() { errs <- s.Migrate(t.Context()) }()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	s := opened(t, Config{URL: url})
	assertNewest(t, s)
	var runs int
	if err := s.pool.QueryRow(t.Context(), `select count(*) from goose_db_version where version_id = 1`).Scan(&runs); err != nil {
		t.Fatal(err)
	}
	if runs != 1 {
		t.Errorf("the first migration was noted %d times, want once", runs)
	}
}

func TestMigratingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	s, ids := headed(t, 2)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	assertNewest(t, s)
	assertUntouched(t, s, ids)
}

// The lock ends with the connection that holds it: an instance that died in a migration keeps nobody out.
func TestAMigrationThatDiedKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	s := migrated(t, pgtest.New(t))
	tx, pid := holder(t, s)
	if _, err := tx.Exec(t.Context(), lockSchema); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Migrate(t.Context()) }()
	awaitBlocked(t, s, pid, 1)
	must(t, s.pool, `select pg_terminate_backend($1)`, pid)
	if err := <-done; err != nil {
		t.Errorf("Migrate: %v", err)
	}
}

// An older build would write rows that the newer schema does not expect.
func TestASchemaOfANewerBuildIsRefused(t *testing.T) {
	t.Parallel()
	s := migrated(t, pgtest.New(t))
	must(t, s.pool, `insert into goose_db_version (version_id, is_applied) values (99999, true)`)
	if have, want, err := s.Schema(t.Context()); err != nil || have != 99999 || want >= have {
		t.Errorf("the schema is at %d of %d, error %v, want 99999 and less", have, want, err)
	}
	if err := s.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("Migrate: %v, want a refusal", err)
	}
}

func TestAnEmptyDatabaseHasSchemaZeroAndAskingMakesNothing(t *testing.T) {
	t.Parallel()
	s := opened(t, Config{URL: pgtest.New(t)})
	if have, want, err := s.Schema(t.Context()); err != nil || have != 0 || want < 1 {
		t.Errorf("the schema is at %d of %d, error %v, want 0 of at least 1", have, want, err)
	}
	var tables int
	err := s.pool.QueryRow(t.Context(), `select count(*) from pg_tables where schemaname = current_schema()`).Scan(&tables)
	if err != nil || tables != 0 {
		t.Errorf("%d tables, error %v, want none", tables, err)
	}
}

func assertNewest(t *testing.T, s *Store) {
	t.Helper()
	if have, want, err := s.Schema(t.Context()); err != nil || have != want || want < 1 {
		t.Errorf("the schema is at %d of %d, error %v", have, want, err)
	}
}

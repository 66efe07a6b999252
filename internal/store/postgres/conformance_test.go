//go:build unix

package postgres

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/store/pgtest"
	"github.com/authd/authd/internal/store/storetest"
)

func TestKeepsThePromisesOfAStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) storetest.Fixture {
		url := pgtest.New(t)
		store := migrated(t, url)
		return storetest.Fixture{
			Store:   store,
			Again:   func(t testing.TB) storetest.Store { return opened(t, Config{URL: url}) },
			Entries: store.entries,
		}
	})
}

// opened opens a store for as long as the test runs.
func opened(t testing.TB, c Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// migrated opens a store and brings its schema to the newest version.
func migrated(t testing.TB, url string) *Store {
	t.Helper()
	s := opened(t, Config{URL: url})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// entries is what a follower of the feed will read: head and entries from one snapshot.
func (s *Store) entries(ctx context.Context, after int64) (entries []revocation.Entry, head revocation.Head, err error) {
	b := &pgx.Batch{}
	b.Queue(`begin isolation level repeatable read read only`)
	b.Queue(selectHead).Query(func(rows pgx.Rows) (err error) {
		for rows.Next() {
			if head, err = scanHead(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	b.Queue(`
		select seq, kind, subject, value, until, mark
		  from kills
		 where seq > $1
		 order by seq`, after).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			entry, err := scanEntry(rows)
			if err != nil {
				return err
			}
			entries = append(entries, entry)
		}
		return rows.Err()
	})
	queueCommit(b)
	return entries, head, s.send(ctx, "read the feed", b)
}

// acquired lends a connection of the store's pool to a test.
func acquired(t testing.TB, s *Store) *pgx.Conn {
	t.Helper()
	conn, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Release)
	return conn.Conn()
}

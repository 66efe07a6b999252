package sqlite

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/store/storetest"
	"github.com/authd/authd/internal/tokens"
)

func TestKeepsThePromisesOfAStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) storetest.Fixture {
		path := filepath.Join(t.TempDir(), "authd.db")
		store := migrated(t, path)
		return storetest.Fixture{
			Store:   store,
			Again:   func(t testing.TB) storetest.Store { return opened(t, path) },
			Entries: store.entries,
			Vouch:   store.vouch,
		}
	})
}

// opened opens a file for as long as the test runs.
func opened(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{Path: path, Now: time.Now})
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

// migrated opens a file and brings it to the newest schema.
func migrated(t testing.TB, path string) *Store {
	t.Helper()
	s := opened(t, path)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// vouch sets the head's as_of.
func (s *Store) vouch(ctx context.Context, asOf time.Time) error {
	return s.write(ctx, "vouch", func(ctx context.Context, l *link) error {
		_, err := l.exec(ctx, `update feed_head set as_of = ?1`, micros(asOf))
		return err
	})
}

// entries is what a follower of the feed will read.
func (s *Store) entries(ctx context.Context, after int64) (entries []revocation.Entry, head revocation.Head, err error) {
	err = s.snapshot(ctx, "read the feed", func(ctx context.Context, l *link) error {
		heads, err := all(ctx, l, selectHead, scanHead)
		if err != nil {
			return err
		}
		for _, head = range heads {
		}
		entries, err = all(ctx, l, `
			select seq, kind, subject, value, until, mark
			  from kills
			 where seq > ?1
			 order by seq`, scanEntry, after)
		return err
	})
	return entries, head, err
}

// writeAll stores what next returns until that is nil, in one transaction.
func (s *Store) writeAll(ctx context.Context, next func(i int) *tokens.Session) error {
	return s.write(ctx, "fill", func(ctx context.Context, l *link) error {
		for i := 0; ; i++ {
			session := next(i)
			if session == nil {
				return nil
			}
			if err := openSession(ctx, l, session); err != nil {
				return err
			}
		}
	})
}

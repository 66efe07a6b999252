package sqlite

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/authd/authd/internal/auth"
)

// The rotation that follows finds in the writer's cache what the load brought there. A reader would read the
// pages once more for every batch: the commit before has emptied its cache.
func TestSessionsAreReadWhereTheyAreWritten(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	before := s.reader.db.Stats().OpenConnections
	for range readers {
		if _, _, err := s.LoadSessions(t.Context(), []auth.SessionID{{1}}); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.reader.db.Stats().OpenConnections; got != before {
		t.Errorf("%d read connections are open after a load while nobody writes, want %d", got, before)
	}
}

// A long write, such as an import's, must not keep an introspection waiting.
func TestSessionsAreReadBesideAWrite(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	err := s.write(t.Context(), "hold the writer", func(context.Context, *link) error {
		ctx, cancel := context.WithTimeout(t.Context(), busyTimeout) // only a load that waits takes as long
		defer cancel()
		_, _, err := s.LoadSessions(ctx, []auth.SessionID{{1}})
		return err
	})
	if err != nil {
		t.Errorf("a load beside a write: %v", err)
	}
}

// Four caches of SQLite's own size would be half of what the whole service may occupy.
func TestAReadConnectionKeepsASmallCache(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	for range readers {
		err := s.read(t.Context(), "ask for the cache", func(ctx context.Context, l *link) error {
			got, err := one(ctx, l, "pragma cache_size", scanInt)
			if want := int64(-readerCache); err == nil && got != want {
				t.Errorf("the cache of a reader is %d, want %d", got, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

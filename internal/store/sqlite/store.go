package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// readers is how many reads may run at once beside the writer. A read is work for a core, not a wait.
const readers = 4

// readerCache is the cache of one reader, in KiB: the upper pages of the trees and what one statement reads.
// Every commit of the writer empties it, so more of it is memory that is seldom looked at twice.
const readerCache = 512

// Config says which file, and what time it is.
type Config struct {
	// Path is the database file. It is made if it does not exist, readable by its owner alone; its
	// folder is not.
	Path string
	// Now is the store's clock. On SQLite it is the process's own: nobody else's could be asked.
	Now func() time.Time
	// Failed hears of calls that failed for a reason that is not the caller's. Nil: nobody does.
	Failed func(doing string, err error)
}

// Store is an open database file.
type Store struct {
	path   string
	now    func() time.Time
	writer *pool // one connection, query_only off
	reader *pool
	failed func(doing string, err error)
}

var (
	_ tokens.Store        = (*Store)(nil)
	_ tokens.KeyringStore = (*Store)(nil)
	_ accounts.Store      = (*Store)(nil)
	_ revocation.Store    = (*Store)(nil)
	_ audit.Store         = (*Store)(nil)
)

// Open opens the file and does not migrate it: see [Store.Schema] and [Store.Migrate].
func Open(ctx context.Context, c Config) (*Store, error) {
	path, err := filepath.Abs(c.Path) // the process may change its folder later
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	s := &Store{path: path, now: c.Now, failed: c.Failed}
	if s.failed == nil {
		s.failed = func(string, error) {}
	}
	if err := s.open(ctx); err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, mapped(err))
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) (err error) {
	exists, err := Exists(s.path)
	if err != nil {
		return err
	}
	if !exists {
		if err := create(ctx, s.path); err != nil {
			return err
		}
	}
	held, err := hold(s.path)
	if err != nil {
		return err
	}
	if s.writer, err = newPool(held, source(s.path), 1); err != nil {
		return err
	}
	if s.reader, err = newPool(held, readerSource(s.path), readers); err != nil {
		return errors.Join(err, s.writer.close())
	}
	if err := s.writer.with(ctx, "claim the file", claim); err != nil {
		return errors.Join(err, s.Close())
	}
	return nil
}

// Close waits for what is running. The writer goes last: the last connection to leave moves what is in
// the write-ahead log to its place and removes the log.
func (s *Store) Close() error {
	return errors.Join(s.reader.close(), s.writer.close())
}

// Clock implements [tokens.Store]. It reads the file too: a store that is closed, or that cannot reach
// its file, must not tell the time as if all were well.
func (s *Store) Clock(ctx context.Context) (time.Time, error) {
	clock := s.clock()
	err := s.read(ctx, "read the clock", func(ctx context.Context, l *link) error {
		_, err := one(ctx, l, selectApplicationID, scanInt)
		return err
	})
	return clock, err
}

// clock is now as the columns keep it, so that a time that was stored equals the one that was not.
//
// Every load reads it before its rows: a decision is then never dated later than the state that it was
// made on.
func (s *Store) clock() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// write runs do in a transaction that holds the write lock from its first statement on, so do may read
// and then write what it read about. An error, and a panic, roll back.
//
// ctx bounds the wait for the turn. A transaction that has begun runs to its end: it is short, and
// interrupting a commit would leave its outcome unknown.
func (s *Store) write(ctx context.Context, doing string, do func(context.Context, *link) error) error {
	return s.heard(ctx, doing, s.writer.with(ctx, doing, func(ctx context.Context, l *link) error {
		return l.transact(ctx, "begin immediate", do)
	}))
}

// snapshot runs do in a transaction that reads, so that all its statements see one state.
func (s *Store) snapshot(ctx context.Context, doing string, do func(context.Context, *link) error) error {
	return s.heard(ctx, doing, s.reader.with(ctx, doing, func(ctx context.Context, l *link) error {
		return l.transact(ctx, "begin deferred", do)
	}))
}

// read runs do, which has one statement, and a statement sees one state by itself.
func (s *Store) read(ctx context.Context, doing string, do func(context.Context, *link) error) error {
	return s.heard(ctx, doing, s.reader.with(ctx, doing, do))
}

// readNear is read for rows that the caller is about to write. While nobody writes it reads them on the
// write connection: that cache outlives a commit, which empties the readers' caches, and the write finds the
// pages in it. Who comes while somebody writes reads beside that.
func (s *Store) readNear(ctx context.Context, doing string, do func(context.Context, *link) error) error {
	if s.writer.idle() {
		return s.heard(ctx, doing, s.writer.with(ctx, doing, do))
	}
	return s.read(ctx, doing, do)
}

// heard tells of an error that is not the caller's, and returns it. errStale is a refusal.
func (s *Store) heard(ctx context.Context, doing string, err error) error {
	kind := auth.KindOf(err)
	if err != nil && (kind == auth.Unavailable || kind == auth.Internal) && ctx.Err() == nil && !errors.Is(err, errStale) {
		s.failed(doing, err)
	}
	return err
}

package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// vacuumInto writes a copy of one moment, without what was deleted, while others go on writing. The log
// of the file that is copied cannot be emptied meanwhile, so it grows by what is written.
const vacuumInto = `vacuum into ?1`

// quickCheck reads every page of a file and says ok in one row, or what is wrong.
const quickCheck = `pragma quick_check(1)`

// Backup writes a copy of the database to path, which must not exist, beside whoever uses the database.
// The copy is readable by its owner alone. It appears under its name when it is whole, was read once
// from end to end and is on the disk; whatever goes wrong before leaves nothing behind.
func (s *Store) Backup(ctx context.Context, path string) error {
	if err := s.backup(ctx, path); err != nil {
		return fmt.Errorf("back up to %s: %w", path, mapped(err))
	}
	return nil
}

func (s *Store) backup(ctx context.Context, path string) error {
	// Before the work. What decides is publish, which never replaces anything.
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	if s.owns(path) {
		return fmt.Errorf("%s is a name that SQLite uses beside the database: name another file", filepath.Base(path))
	}
	draft, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600, and empty: SQLite fills it
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	if err := draft.Close(); err != nil {
		return err
	}
	if err := s.copyTo(ctx, draft.Name()); err != nil {
		return err
	}
	if err := checkCopy(ctx, draft.Name()); err != nil {
		return err
	}
	if err := syncFile(draft.Name()); err != nil {
		return err
	}
	if err := publish(draft.Name(), path, os.Link); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// besides are the endings of files that SQLite makes beside the database, and takes for its own when they
// are there: a copy named like the journal would be played back, and nobody could open the database again.
var besides = []string{"-journal", "-wal", "-shm"}

// owns reports whether path is the name of such a file, whatever way it names the folder.
func (s *Store) owns(path string) bool {
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return false
	}
	home, err := os.Stat(filepath.Dir(s.path))
	if err != nil || !os.SameFile(folder, home) {
		return false
	}
	suffix, ours := strings.CutPrefix(filepath.Base(path), filepath.Base(s.path))
	return ours && slices.Contains(besides, suffix)
}

// publish gives a file a name that nobody has. A link does that in one step. Many a network share and
// memory stick has no links: there the name is taken by an empty file first, so that what is replaced is
// what this call has made.
func publish(draft, path string, link func(from, to string) error) error {
	if err := link(draft, path); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	taken, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(taken.Close(), os.Rename(draft, path)); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// copyTo has a connection of its own: the writer's would keep everybody else waiting, and a reader's may
// not write anywhere.
func (s *Store) copyTo(ctx context.Context, path string) (err error) {
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	db, err := open(source(s.path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	// As a URI, no character of the path means anything to SQLite.
	_, err = db.ExecContext(ctx, vacuumInto, uri(path, nil))
	return err
}

// checkCopy reads a copy that nobody else has open. It leaves nothing beside it.
func checkCopy(ctx context.Context, path string) (err error) {
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	db, err := open(uri(path, url.Values{"mode": {"ro"}, "immutable": {"1"}}))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return isWhole(ctx, db)
}

func isWhole(ctx context.Context, db *sql.DB) error {
	var id int64
	if err := db.QueryRowContext(ctx, selectApplicationID).Scan(&id); err != nil {
		return err
	}
	if id != applicationID {
		return errors.New("the copy is not a database of authd")
	}
	var found string
	if err := db.QueryRowContext(ctx, quickCheck).Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("the copy is damaged, and so may be the database: %s", found)
	}
	return nil
}

// syncFile makes the content of a file last: vacuum into leaves that to its caller.
func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// syncFolder makes the names in a folder last.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil // folders cannot be opened there
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

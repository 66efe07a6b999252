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
	"strings"
	"time"

	"modernc.org/sqlite"
)

// applicationID marks a file as authd's ("auth" in ASCII), in the header field that SQLite keeps for
// this. Without it, a path with a slip in it would put our tables into somebody else's database.
const applicationID = 0x61757468

// busyTimeout is how long a statement waits for another process's lock.
const busyTimeout = 5 * time.Second

// Exists says whether there is a database file, for commands that must not make one.
func Exists(path string) (bool, error) {
	switch _, err := os.Stat(path); {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	default:
		return false, err
	}
}

// source is what the driver opens. The settings hold for one connection, so each one gets them.
func source(path string, more ...string) string {
	settings := append([]string{
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"foreign_keys(on)",
		"synchronous(full)",            // an acknowledged commit survives a power cut
		"temp_store(memory)",           // the root file system may be read-only
		"journal_size_limit(67108864)", // a log that a long backup made grow gives its space back
	}, more...)
	return uri(path, url.Values{
		"mode":    {"rw"},        // never makes a file: claim does
		"_txlock": {"immediate"}, // for goose; our own transactions say it themselves
		"_dqs":    {"0"},         // "x" names a column, and is no string if there is none
		"_pragma": settings,
	})
}

// uri names the file so that no character of its path means anything to SQLite or the driver.
func uri(path string, query url.Values) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive letter
	}
	return "file://" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode()
}

// claim makes the file if there is none, and makes sure that it is ours and has a write-ahead log. It
// is safe when several do it at once.
func claim(ctx context.Context, path string) error {
	exists, err := Exists(path)
	if err != nil {
		return err
	}
	query := url.Values{"_pragma": {fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds())}, "mode": {"rw"}}
	if !exists {
		model, err := modelFile(filepath.Dir(path))
		if err != nil {
			return err
		}
		defer os.Remove(model)
		query.Set("mode", "rwc")
		query.Set("modeof", model)
	}
	db, err := open(uri(path, query))
	if err != nil {
		return err
	}
	defer db.Close()
	if err := mark(ctx, db); err != nil {
		return err
	}
	return useLog(ctx, db)
}

// modelFile makes an empty file of mode 0600 for SQLite to take the mode of the database from. To make
// the database itself here, or to open it for a chmod, would be wrong: a process that closes any
// descriptor of a file loses all its locks on that file, those of an open store included.
func modelFile(folder string) (string, error) {
	f, err := os.CreateTemp(folder, ".authd-mode-")
	if err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}

func open(source string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(source)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	return db, nil
}

// mark writes the application id into an empty file, and refuses one that is not empty and not ours.
func mark(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	l := newLink(conn)
	defer l.close()
	found, err := one(ctx, l, selectFileFormat, scanInt)
	if err != nil || found == applicationID {
		return err
	}
	return l.transact(ctx, "begin immediate", func(ctx context.Context, l *link) error {
		found, err := one(ctx, l, selectFileFormat, scanInt)
		if err != nil || found == applicationID {
			return err
		}
		objects, err := one(ctx, l, countObjects, scanInt)
		if err != nil {
			return err
		}
		if found != 0 || objects != 0 {
			return errors.New("this is an SQLite database, but not one of authd: name another file")
		}
		_, err = l.exec(ctx, fmt.Sprintf("pragma application_id = %d", applicationID))
		return err
	})
}

// countObjects reads the schema table, which is small.
const countObjects = `
select count(*)
  from sqlite_schema`

// useLog turns write-ahead logging on, which stays with the file. The change wants the file for itself
// and is refused, without a wait, when another process wants the same: SQLite sees a deadlock there.
func useLog(ctx context.Context, db *sql.DB) error {
	const pause = 10 * time.Millisecond
	for waited := time.Duration(0); ; waited += pause {
		var mode string
		err := db.QueryRowContext(ctx, "pragma journal_mode = wal").Scan(&mode)
		switch {
		case err == nil && mode == "wal":
			return nil
		case err == nil:
			return fmt.Errorf("this file system cannot hold a write-ahead log (journal mode %q)", mode)
		case !isBusy(err) || waited >= busyTimeout:
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

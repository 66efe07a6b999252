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
	return uri(path, url.Values{
		"mode":    {"rw"},        // never makes a file: create does
		"_txlock": {"immediate"}, // for goose; our own transactions say it themselves
		"_dqs":    {"0"},         // "x" names a column, and is no string if there is none
		"_pragma": append([]string{
			waitForLocks(),
			"foreign_keys(on)",
			"synchronous(full)",            // an acknowledged commit survives a power cut
			"temp_store(memory)",           // the root file system may be read-only
			"journal_size_limit(67108864)", // a log that a long backup made grow gives its space back
		}, more...),
	})
}

// readerSource is source for a connection that only reads.
func readerSource(path string) string {
	return source(path, "query_only(on)", fmt.Sprintf("cache_size(-%d)", readerCache)) // below 0: in KiB
}

func waitForLocks() string { return fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()) }

// uri names the file so that no character of its path means anything to SQLite or the driver.
func uri(path string, query url.Values) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive letter
	}
	settings := strings.ReplaceAll(query.Encode(), "+", "%20") // SQLite takes a plus for a plus
	return "file://" + (&url.URL{Path: path}).EscapedPath() + "?" + settings
}

// create makes an empty file that only its owner may open; SQLite gives its log the same mode. Several
// may do it at once.
//
// To make the file with package os, or to open it for a chmod, would be wrong: a process that closes
// any descriptor of a file loses all its locks on that file, those of an open store included. So
// SQLite makes it, with the mode of a model.
func create(ctx context.Context, path string) (err error) {
	model, err := os.CreateTemp(filepath.Dir(path), ".authd-mode-") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(model.Name())
	if err := model.Close(); err != nil {
		return err
	}
	db, err := open(uri(path, url.Values{
		"mode": {"rwc"}, "modeof": {model.Name()}, "_pragma": {waitForLocks()},
	}))
	if err != nil {
		return err
	}
	return errors.Join(db.PingContext(ctx), db.Close())
}

func open(source string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(source)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// claim makes sure that the file is ours and has a write-ahead log. It is safe when several do it at
// once, and writes nothing to a file that is settled.
func claim(ctx context.Context, l *link) error {
	if err := mark(ctx, l); err != nil {
		return err
	}
	return useLog(ctx, l)
}

// selectApplicationID reads the header of the file and nothing else.
const selectApplicationID = `
select application_id
  from pragma_application_id`

// countObjects reads the schema table, which is small.
const countObjects = `
select count(*)
  from sqlite_schema`

// mark writes the application id into an empty file, and refuses one that is not empty and not ours.
func mark(ctx context.Context, l *link) error {
	if found, err := one(ctx, l, selectApplicationID, scanInt); err != nil || found == applicationID {
		return err
	}
	return l.transact(ctx, "begin immediate", func(ctx context.Context, l *link) error {
		found, err := one(ctx, l, selectApplicationID, scanInt)
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

// useLog turns write-ahead logging on, which stays with the file. The change wants the file for itself
// and is refused, without a wait, when another connection wants the same: SQLite sees a deadlock there.
func useLog(ctx context.Context, l *link) error {
	mode, err := one(ctx, l, "pragma journal_mode", scanText)
	const pause = 10 * time.Millisecond
	for waited := time.Duration(0); err == nil && mode != "wal"; waited += pause {
		mode, err = one(ctx, l, "pragma journal_mode = wal", scanText)
		if !isBusy(err) || waited >= busyTimeout {
			break
		}
		mode, err = "", nil
		time.Sleep(pause)
	}
	if err == nil && mode != "wal" {
		return fmt.Errorf("this file system cannot hold a write-ahead log: the journal's mode stays %q", mode)
	}
	return err
}

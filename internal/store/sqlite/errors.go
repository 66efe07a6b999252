package sqlite

import (
	"context"
	"errors"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// mapped turns what the driver says into what a store may say. The texts name tables and columns, never
// values. What it does not know stays as it is, and that is Internal.
func mapped(err error) error {
	var known *auth.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return auth.ErrUnavailable.Because(err)
	}
	switch code(err) & 0xff { // the low byte is the kind, the rest its details
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return tokens.ErrWriteConflict.Because(err)
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY,
		sqlite3.SQLITE_PERM, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT:
		return auth.ErrUnavailable.Because(err)
	case sqlite3.SQLITE_NOTADB:
		return errors.Join(errors.New("this is not an SQLite database"), err)
	}
	return err
}

// code is the driver's extended result code, 0 if the error is not the driver's.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

func isBusy(err error) bool { return code(err)&0xff == sqlite3.SQLITE_BUSY }

// isTaken says that a unique index other than the primary key refused a row.
func isTaken(err error) bool { return code(err) == sqlite3.SQLITE_CONSTRAINT_UNIQUE }

// isThere says that a unique index or the primary key refused a row.
func isThere(err error) bool {
	return isTaken(err) || code(err) == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}

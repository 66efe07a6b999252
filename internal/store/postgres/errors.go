package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// The SQLSTATEs that are asked for by name, as in PostgreSQL's appendix A.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	lockNotAvailable     = "55P03" // lock_timeout, too
	readOnlyTransaction  = "25006"
	undefinedTable       = "42P01"
)

// outages are the beginnings of SQLSTATEs that say nothing about the request: the same one may succeed
// later, or on another server.
var outages = []string{
	"08",    // connection
	"25006", // read-only: a replica, or a primary that was demoted
	"25P03", // idle in a transaction for too long: this process was stopped
	"25P04", // transaction_timeout
	"28",    // authorization: credentials may be in the middle of a change
	"3D000", // no such database: not yet, or not any more
	"40003", // statement completion unknown
	"53",    // out of disk, memory or connections
	"57",    // cancelled, shutting down, starting up
	"58",    // the server's system: I/O errors
}

// failed says what was being done, and sorts an error by what the caller can do about it.
func failed(doing string, err error) error {
	var dial *pgconn.ConnectError
	var answer *pgconn.PgError
	switch {
	case errors.As(err, &dial), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), pgconn.Timeout(err):
		return unavailable(doing, err)
	case !errors.As(err, &answer):
		return fmt.Errorf("%s: %w", doing, err)
	case answer.Code == serializationFailure, answer.Code == deadlockDetected, answer.Code == lockNotAvailable:
		return tokens.ErrWriteConflict.Because(fmt.Errorf("%s: %w", doing, withoutValues(err)))
	}
	for _, outage := range outages {
		if strings.HasPrefix(answer.Code, outage) {
			return unavailable(doing, err)
		}
	}
	return fmt.Errorf("%s: %w", doing, withoutValues(err))
}

// unavailable is for what leaves open whether a write happened, and for what never reached a server.
func unavailable(doing string, err error) error {
	return auth.ErrUnavailable.Because(fmt.Errorf("%s: %w", doing, withoutValues(err)))
}

// isElsewhere reports whether the server refuses writes, or is going down: after a failover the writes
// belong to another one (G5).
func isElsewhere(err error) bool {
	var answer *pgconn.PgError
	return errors.As(err, &answer) && (answer.Code == readOnlyTransaction || strings.HasPrefix(answer.Code, "57P"))
}

// isCode reports whether the server answered with a SQLSTATE.
func isCode(err error, code string) bool {
	var answer *serverError
	return errors.As(err, &answer) && answer.code == code
}

// serverError is what may be kept of a server's answer. The detail and the context that come with it
// quote rows and parameters, and errors end in logs.
type serverError struct {
	code    string
	message string
}

func (e *serverError) Error() string { return e.message + " (SQLSTATE " + e.code + ")" }

// withoutValues takes from an error whatever may hold a value of a row, a parameter or a password.
func withoutValues(err error) error {
	var dial *pgconn.ConnectError
	if errors.As(err, &dial) {
		return errors.New(dial.Error()) // its text is clean, but it carries the password along
	}
	var answer *pgconn.PgError
	if !errors.As(err, &answer) {
		return err
	}
	message := answer.Message
	if strings.HasPrefix(answer.Code, "22") { // data exceptions quote the datum
		message = "data exception"
	}
	return &serverError{code: answer.Code, message: message}
}

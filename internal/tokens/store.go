package tokens

import (
	"context"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
)

// Store keeps sessions and what ends them. It loads rows and applies changes; whether a token may do
// something is never its to say.
//
// Every method is one transaction. A method that returns an error has written nothing, with one
// exception: an error of kind Unavailable from a write may hide a commit that happened, so every change
// here can be applied twice without harm. [ErrWriteConflict] asks for the decision to be made again.
// Times come back in UTC and lose nothing below a microsecond's grain.
type Store interface {
	// LoadSessions reads the sessions of ids that exist, in no order, each with its user, and the
	// store's clock, in one round trip.
	LoadSessions(ctx context.Context, ids []auth.SessionID) ([]Loaded, time.Time, error)

	// Rotate writes each rotation whose session still has the version that it was decided on, and
	// returns the ids of those it wrote. ids are distinct; rows are locked in the order of their ids.
	Rotate(ctx context.Context, rotations []Rotation) (written []auth.SessionID, err error)

	// End ends each session that was not ended before, and in the same transaction adds the kill of
	// each one which this very statement ended, in the order of deaths. It returns those. It raises
	// their row versions, so that a rotation decided before the end loses its swap. mark is the random
	// mark of the entries; the head is left alone if nothing ended.
	End(ctx context.Context, deaths []Death, mark uint64) (ended []Ended, err error)

	// LoadUser reads a user with all sessions that have not been ended, expired ones included, and the
	// store's clock. found is false if there is no such user.
	LoadUser(ctx context.Context, id auth.UserID) (user User, sessions []Session, clock time.Time, found bool, err error)

	// ChangeUser applies everything that one transaction does to one user and the user's sessions.
	// It returns false, with nothing written, if the user's row version is not the expected one, the
	// user is gone, the guard was ended or is not a session of the user, or the reset to be spent is
	// not the user's any more: load and decide again.
	ChangeUser(ctx context.Context, change UserChange, mark uint64) (applied bool, err error)

	// RaiseClient adds one to a client's epoch, and in the same transaction the entry that kills every
	// token below it. It returns false, with nothing written, if there is no such client.
	RaiseClient(ctx context.Context, id auth.ClientID, mark uint64) (found bool, err error)

	// DeleteClient is RaiseClient, and removes the client. The entry outlives the row.
	DeleteClient(ctx context.Context, id auth.ClientID, mark uint64) (found bool, err error)

	// AddKills adds entries that no row stands behind, in their order. None: nothing is written.
	AddKills(ctx context.Context, kills []revocation.Kill, mark uint64) error

	// Kills reads the entries that are found by keys, in no order, and the store's clock.
	Kills(ctx context.Context, keys []revocation.Key) ([]revocation.Entry, time.Time, error)

	// CollectSessions deletes at most limit sessions whose absolute end lies before before, oldest
	// first, and returns how many.
	CollectSessions(ctx context.Context, before time.Time, limit int) (int, error)

	// Records reads the newest records that q chooses, the newest first.
	Records(ctx context.Context, q audit.Query) ([]audit.Record, error)

	// Clock reads the store's clock.
	Clock(ctx context.Context) (time.Time, error)
}

// Rotation is one session's step to the next generation: compare-and-swap on Version.
type Rotation struct {
	Session auth.SessionID
	Version int64 // the row version that was decided on; the row gets Version+1

	Generation    uint32
	CurrentHash   [32]byte
	PreviousHash  [32]byte
	Nonce         [32]byte
	SecretVersion uint8
	RotatedAt     time.Time
	IdleEndsAt    time.Time
}

// Death is the end of one session. It has no version: a session that was not ended can be ended,
// whatever else happened to it.
type Death struct {
	Session auth.SessionID
	Reason  audit.Reason
	At      time.Time // the store's clock of the decision; zero: of the write, where nothing was to be decided
}

// Ended is a session that a call of [Store.End] ended.
type Ended struct {
	Session auth.SessionID
	User    auth.UserID
	At      time.Time
}

// UserChange is what one transaction does to one user: in lock order the user, the sessions, the reset
// and the head. Members that are zero change nothing. Entries are added in the order of End, then the
// epoch's.
type UserChange struct {
	User    auth.UserID
	Version int64 // the row version that was decided on; the row gets Version+1

	// Guard, unless zero, is the session in whose name this happens. It must exist and not be ended.
	Guard auth.SessionID
	// End lists sessions of this user to be ended as by [Store.End].
	End []Death
	// Open is a session to be stored.
	Open *Session
	// PasswordHash replaces the stored one.
	PasswordHash string
	// DisabledAt replaces the stored time; a zero time enables the user.
	DisabledAt *time.Time
	// Roles replaces the stored ones.
	Roles *[]string
	// RaiseEpoch adds one to the user's epoch, and the entry that kills every token below it.
	RaiseEpoch bool

	// Reset is stored in place of any other of this user.
	Reset *PasswordReset
	// SpendReset, unless zero, is the reset in whose name this happens. It must be the user's, and is
	// deleted.
	SpendReset ResetID
	// Delete removes the user with all sessions and the reset, and takes address and agent from the
	// user's records in the audit. It comes with RaiseEpoch, whose entry outlives the row.
	Delete bool
}

// ResetID names a password reset. It is 16 random bytes.
type ResetID [16]byte

// IsZero reports whether id is the zero value, which names no reset.
func (id ResetID) IsZero() bool { return id == ResetID{} }

// PasswordReset is a row of password_resets: what is kept of a one-time token.
type PasswordReset struct {
	ID         ResetID
	SecretHash [32]byte   // SHA-256 of the token's secret
	Epoch      auth.Epoch // good only while it is the user's
	CreatedAt  time.Time
	ExpiresAt  time.Time
}

// ErrWriteConflict is a deadlock or a serialization failure (40P01, 40001, SQLITE_BUSY): nothing was
// written, and the same decision made anew may well succeed.
var ErrWriteConflict = &auth.Error{Kind: auth.Unavailable, Code: "write_conflict",
	Public: "The service is busy. Try again."}

package tokens

import (
	"net/netip"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// Session is one login on one device, as it stands in its row.
type Session struct {
	ID       auth.SessionID
	User     auth.UserID
	ClientID string     // authd for sessions opened by /login
	Epoch    auth.Epoch // the user's, read at login in the same row as the password hash

	// Generation counts rotations. The hashes are SHA-256 of a refresh token's 32-byte secret;
	// PreviousHash and Nonce are zero at generation 0, which has no parent.
	Generation   uint32
	CurrentHash  [32]byte
	PreviousHash [32]byte
	Nonce        [32]byte // what, with the parent's secret, made the live one
	// SecretVersion is that of the sealed secret which the last rotation, or the login, used.
	SecretVersion uint8

	CreatedAt  time.Time // the login, auth_time
	RotatedAt  time.Time
	IdleEndsAt time.Time // moved by every rotation
	EndsAt     time.Time // never moved
	EndedAt    time.Time // zero while it has not been ended
	EndReason  audit.Reason

	Device    string
	UserAgent string
	LoginIP   netip.Addr // zero if unknown

	RowVersion int64 // raised by every rotation: what compare-and-swap compares
}

// User is what sessions need to know of their user.
type User struct {
	ID         auth.UserID
	Epoch      auth.Epoch
	Roles      []string
	DisabledAt time.Time // zero while enabled
	RowVersion int64     // raised by every UserChange
}

// Loaded is a session with its user, read in one statement.
type Loaded struct {
	Session
	Owner User
}

// Origin is where a request came from, and in whose name. Its texts are clean (no control characters, bounded) when they
// arrive here.
type Origin struct {
	Device    string
	UserAgent string
	Address   netip.Addr
	Actor     audit.Actor // empty: [audit.User]
}

// live returns nil for a session that may be used, else the refusal that its refresh token gets. It is
// the one place that says what a live session is.
func (l *Loaded) live(clock time.Time) error {
	switch {
	case !l.EndedAt.IsZero() && l.EndReason == audit.Reuse:
		return ErrRefreshTokenReused
	case !l.EndedAt.IsZero():
		return ErrSessionRevoked
	case !clock.Before(l.IdleEndsAt), !clock.Before(l.EndsAt):
		return ErrSessionExpired
	case !l.Owner.DisabledAt.IsZero(), l.Epoch < l.Owner.Epoch:
		return ErrSessionRevoked
	}
	return nil
}

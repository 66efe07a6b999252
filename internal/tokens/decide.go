package tokens

import (
	"time"

	"github.com/authd/authd/internal/audit"
)

// verdict is what the law says of a refresh token.
type verdict int

const (
	refuse verdict = iota // answer err; write nothing
	rotate                // step to the next generation
	retry                 // give the same successor again; write nothing
	die                   // end the session for reason, in one transaction with its kill; answer err
)

// decision is a verdict with what follows from it.
type decision struct {
	verdict verdict
	err     error        // refuse, die: what the client is told
	reason  audit.Reason // die
}

// decide is the law of rotation. It reads nothing but its arguments: the session with its user (nil if
// there is no row), a token whose tag is genuine, the store's clock, and the retry window. The first
// case that matches decides.
//
// A token is placed by its generation, never by its time of issue: two rotations may fall into one
// millisecond, and clocks go back.
func decide(row *Loaded, token *refreshToken, clock time.Time, window time.Duration) decision {
	if row == nil {
		return decision{verdict: refuse, err: ErrRefreshTokenInvalid}
	}
	if err := row.live(clock); err != nil {
		return decision{verdict: refuse, err: err} // no window for a dead session: its newest token dies with it
	}
	hash := token.hash()
	parent := row.Generation > 0 && token.generation == row.Generation-1
	switch {
	case token.generation > row.Generation,
		token.generation == row.Generation && hash != row.CurrentHash,
		parent && hash != row.PreviousHash:
		// The tag says that we issued it and the row says that we did not: the store went back in time,
		// and both branches of history hold tokens. Neither may go on.
		return decision{die, ErrSessionRevoked, audit.HistoryForked}
	case token.generation == row.Generation:
		return decision{verdict: rotate}
	case parent && clock.Sub(row.RotatedAt) <= window:
		// The answer was lost, or two tabs raced. A clock that went back counts as inside. Nothing is
		// written, so showing it again and again does not keep the window open.
		return decision{verdict: retry}
	}
	return decision{die, ErrRefreshTokenReused, audit.Reuse}
}

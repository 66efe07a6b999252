package verify

import (
	"errors"
	"fmt"
)

// What [Verifier.Token] and [Verifier.Request] answer besides nil. Match them with [errors.Is]; their texts say more, for the
// service's own log, and may change.
var (
	// ErrNoToken: the request has no Authorization header. 401, without an error code.
	ErrNoToken = errors.New("verify: no token")
	// ErrRequest: the Authorization header is not one Bearer token. 400 invalid_request.
	ErrRequest = errors.New("verify: malformed Authorization header")
	// ErrInvalid: not a token of this issuer for this audience. 401 invalid_token.
	ErrInvalid = errors.New("verify: token invalid")
	// ErrExpired: it was good, and its time is over. 401 invalid_token.
	ErrExpired = errors.New("verify: token expired")
	// ErrRevoked: the token, its session, its subject's epoch or its key was declared dead. 401
	// invalid_token.
	ErrRevoked = errors.New("verify: token revoked")
	// ErrStale: too long without news of revocations for the route's budget. The token may be good or
	// not. 503.
	ErrStale = errors.New("verify: stale: no news of revocations within the budget")
	// ErrNotReady: nothing is known yet. 503.
	ErrNotReady = errors.New("verify: not ready")
)

// What [Verifier.RequireRole] and [Verifier.RequireScope] answer about a token that is good.
var (
	// ErrRole: its subject does not have the role. 403 role_missing.
	ErrRole = errors.New("verify: the subject lacks the role")
	// ErrScope: it does not have the scope. 403 insufficient_scope.
	ErrScope = errors.New("verify: the token lacks the scope")
	// ErrNoClaims: no middleware has verified a token before. 500.
	ErrNoClaims = errors.New("verify: no Middleware stands before RequireRole or RequireScope")
)

var (
	errSessionEnded = fmt.Errorf("%w: its session was ended", ErrRevoked)
	errTokenKilled  = fmt.Errorf("%w: it was revoked by its id", ErrRevoked)
	errEpochRaised  = fmt.Errorf("%w: its epoch is below the subject's", ErrRevoked)
	errKeyKilled    = fmt.Errorf("%w: its key was killed", ErrRevoked)
)

// invalid wraps why a token is not one of ours.
func invalid(why error) error { return fmt.Errorf("%w: %w", ErrInvalid, why) }

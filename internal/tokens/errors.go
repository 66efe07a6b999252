package tokens

import "github.com/authd/authd/internal/auth"

// What a refresh token that opens nothing is answered.
var (
	ErrRefreshTokenInvalid = &auth.Error{Kind: auth.InvalidGrant, Code: "refresh_token_invalid",
		Public: "This is not a refresh token of this service."}
	ErrRefreshTokenReused = &auth.Error{Kind: auth.InvalidGrant, Code: "refresh_token_reused",
		Public: "This refresh token was used before. The session was ended. Sign in again."}
	ErrSessionRevoked = &auth.Error{Kind: auth.InvalidGrant, Code: "session_revoked",
		Public: "The session was ended. Sign in again."}
	ErrSessionExpired = &auth.Error{Kind: auth.InvalidGrant, Code: "session_expired",
		Public: "The session has expired. Sign in again."}
)

// What an access token, or a logout, that opens nothing is answered.
var (
	ErrTokenInvalid = &auth.Error{Kind: auth.InvalidToken, Code: "invalid_token",
		Public: "The token is missing, malformed, expired or revoked."}
	ErrNoSession = &auth.Error{Kind: auth.Forbidden, Code: "session_required",
		Public: "This token belongs to a machine. The route needs a user's session."}
	ErrTwoSessions = &auth.Error{Kind: auth.InvalidRequest, Code: "invalid_request",
		Public: "The access token and the refresh token belong to different sessions."}
)

// What a token is answered that was given to another client than the one which shows it.
var (
	// ErrWrongClient is for a refresh token, in the words of RFC 6749, section 5.2.
	ErrWrongClient = &auth.Error{Kind: auth.InvalidGrant, Code: "wrong_client",
		Public: "This refresh token was not issued to this client."}
	// ErrForeignToken is for a token that is to be revoked (RFC 7009, section 2.1).
	ErrForeignToken = &auth.Error{Kind: auth.InvalidRequest, Code: "unauthorized_client",
		Public: "This token was issued to another client. It was not revoked."}
	// ErrClientMustProve is for a machine's token that is to be revoked by somebody without a secret.
	ErrClientMustProve = &auth.Error{Kind: auth.InvalidClient, Code: "invalid_client",
		Public: "This token was issued to a client with a secret. Revoke it with the client's id and secret."}
)

// ErrSessionNotFound is for a session that is not there, or not the asker's.
var ErrSessionNotFound = &auth.Error{Kind: auth.NotFound, Code: "session_not_found", Public: "There is no such session."}

// ErrUserNotFound is for a user who is not there.
var ErrUserNotFound = &auth.Error{Kind: auth.NotFound, Code: "user_not_found", Public: "There is no such user."}

// ErrClientNotFound is for a client that is not there.
var ErrClientNotFound = &auth.Error{Kind: auth.NotFound, Code: "client_not_found", Public: "There is no such client."}

// ErrKeyNotFound is for a signing key that this store never had.
var ErrKeyNotFound = &auth.Error{Kind: auth.NotFound, Code: "key_not_found", Public: "There is no such key."}

// errBusy is for a request that met full queues, or whose row was swapped under it again and again.
var errBusy = &auth.Error{Kind: auth.Unavailable, Code: "temporarily_unavailable",
	Public: "The service is busy. Try again."}

// ErrUserChanged says that the user was changed since what the caller decided on was read. From
// [Sessions.Open]: disabled, deleted or with the epoch raised since the password hash was read, so what
// was proven is worth nothing any more.
var ErrUserChanged = &auth.Error{Kind: auth.Conflict, Code: "user_changed",
	Public: "The account was changed meanwhile. Try again."}

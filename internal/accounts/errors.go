package accounts

import (
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

var (
	ErrUsernameTaken = &auth.Error{Kind: auth.Conflict, Code: "username_taken", Pointer: "/username",
		Public: "This username is taken."}
	ErrRegistrationClosed = &auth.Error{Kind: auth.Forbidden, Code: "registration_closed",
		Public: "Registration is closed. Ask an operator for an account."}
	ErrWeakPassword = &auth.Error{Kind: auth.WeakPassword, Code: "weak_password", Pointer: "/password",
		Public: "The password breaks the rules named in reasons."}
	ErrUsernameInvalid = &auth.Error{Kind: auth.InvalidRequest, Code: "username_invalid", Pointer: "/username",
		Public: "The username must have 1 to 128 bytes and no spaces or control characters."}
	ErrInvalidCredentials = &auth.Error{Kind: auth.InvalidCredentials, Code: "invalid_credentials",
		Public: "The username or the password is wrong."}
	// ErrPasswordWrong is for a password that is asked for again in the middle of a session.
	ErrPasswordWrong = &auth.Error{Kind: auth.InvalidCredentials, Code: "invalid_credentials",
		Public: "The password is wrong."}
	// ErrResetTokenInvalid is the one answer to a reset token that opens nothing, whatever the cause.
	ErrResetTokenInvalid = &auth.Error{Kind: auth.InvalidGrant, Code: "reset_token_invalid",
		Public: "The token is wrong, expired, replaced by a newer one, or was used before."}
	ErrRolesInvalid = &auth.Error{Kind: auth.InvalidRequest, Code: "invalid_request", Pointer: "/roles",
		Public: "At most 32 roles, each once, of 1 to 64 printable ASCII characters without blanks, quotes and backslashes."}
	ErrClientNameInvalid = &auth.Error{Kind: auth.InvalidRequest, Code: "invalid_request", Pointer: "/name",
		Public: "The name must have 1 to 128 bytes, all printable, and no blanks around it."}
	ErrScopesInvalid = &auth.Error{Kind: auth.InvalidRequest, Code: "invalid_request", Pointer: "/scopes",
		Public: "At most 64 scopes, each once, of printable ASCII characters without blanks, quotes and backslashes; 2048 bytes with the audiences."}
	ErrAudiencesInvalid = &auth.Error{Kind: auth.InvalidRequest, Code: "invalid_request", Pointer: "/audiences",
		Public: "At most 64 audiences, each once, of printable characters without blanks, quotes and backslashes; 2048 bytes with the scopes."}
	// ErrClientInvalid is the one answer to a client's id and secret that do not belong together, whatever
	// the cause.
	ErrClientInvalid = &auth.Error{Kind: auth.InvalidClient, Code: "invalid_client",
		Public: "The client's id or secret is wrong."}
	ErrClientNotFound = tokens.ErrClientNotFound
	ErrUserNotFound   = tokens.ErrUserNotFound
	// ErrUserAmbiguous is for a text that names two. Each of them has another name or id.
	ErrUserAmbiguous = &auth.Error{Kind: auth.Conflict, Code: "user_ambiguous",
		Public: "This is the id of one user and the name of another. Give the name of the first, or the id of the second."}
)

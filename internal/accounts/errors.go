package accounts

import "github.com/authd/authd/internal/auth"

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
	ErrUserNotFound = &auth.Error{Kind: auth.NotFound, Code: "user_not_found",
		Public: "There is no such user."}
)

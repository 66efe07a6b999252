package auth

import (
	"cmp"
	"errors"
	"time"
)

// Kind says what went wrong in words that do not depend on how the answer travels. The zero value is
// Internal, so an error that nobody thought about is never shown to a client.
type Kind int

const (
	Internal           Kind = iota // nothing that a client did
	InvalidRequest                 // malformed, or out of range
	InvalidCredentials             // username or password: one answer for every cause
	InvalidGrant                   // a refresh token that opens nothing (RFC 6749, section 5.2)
	InvalidToken                   // an access token that opens nothing (RFC 6750, section 3.1)
	InvalidClient                  // a client's id or secret: one answer for every cause (RFC 6749, section 5.2)
	Forbidden                      // who asks is known, and may not
	NotFound
	Conflict
	WeakPassword
	Gone // what is named was there once, or never was
	TooLarge
	UnsupportedMediaType
	MethodNotAllowed
	Misdirected // asked for by a name that is not this listener's
	Throttled   // too much from this side: later
	Unavailable // the store, the queue or the clock: the same request may succeed later
)

// Error is the one error type that crosses packages.
type Error struct {
	Kind Kind
	// Code is the stable word for machines, such as refresh_token_reused.
	Code string
	// Public is the only text that a client may see.
	Public string
	// Pointer names the faulty member of the request, as a JSON pointer (RFC 6901), if there is one.
	Pointer string
	// Reasons are further stable words, such as the rules that a password breaks.
	Reasons []string
	// RetryAfter is when to try again, for Throttled and Unavailable. Zero means one second.
	RetryAfter time.Duration
	// Limit is the one that is used up, for Throttled.
	Limit Limit
	// Err is the cause, for the log.
	Err error
}

// Limit is how much of something there is for one side. The zero value says nothing.
type Limit struct {
	Name   string // a stable word
	Quota  int
	Window time.Duration // 0: it does not refill with time alone
}

// Error is for logs and tests; clients are shown Public alone.
func (e *Error) Error() string {
	text := cmp.Or(e.Code, e.Public, "unnamed error")
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is compare two of these by kind and code, so that a sentinel matches the same error
// with a cause attached.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t != nil && t.Kind == e.Kind && t.Code == e.Code
}

// Because returns a copy of e with cause attached.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.Err = cause
	return &c
}

// KindOf returns the kind of the first *Error in err's tree, Internal if there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// ErrUnavailable is what a store returns when it cannot be reached or cannot say whether a write
// happened. Whoever asked may ask again; every operation of authd can be repeated.
var ErrUnavailable = &Error{
	Kind: Unavailable, Code: "temporarily_unavailable", Public: "The service cannot answer right now. Try again.",
	RetryAfter: time.Second,
}

// CodeOf returns the code of the first *Error in err's tree, and internal_error if there is none: a
// word that may be a label of a metric, because errors without a code say whatever they like.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Code != "" {
		return e.Code
	}
	return "internal_error"
}

package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/authd/authd/internal/auth"
)

const (
	codeInternal    = "internal_error"
	codeUnavailable = "temporarily_unavailable"
)

// A meaning is what a kind of error is on the wire.
type meaning struct {
	status int
	title  string // the status in words, as RFC 9110 has them
	code   string // stands if set; else the error's own
	detail string // stands if set; else the error's Public
	oauth  string // the error member, where a token or a credential failed

	// Below /oauth/ every error has an error member (oautherror.go).
	below       string // it, unless the error's own code is one of OAuth's; empty: invalid_request
	belowStatus int    // the status there, if it is another
}

// meanings is the one table from errors to HTTP. A kind that is not in it is an Internal one.
var meanings = map[auth.Kind]meaning{
	auth.Internal: {status: http.StatusInternalServerError, title: "Internal Server Error", below: "server_error",
		code: codeInternal, detail: "Something went wrong here. The request id names it in the log."},
	auth.InvalidRequest: {status: http.StatusBadRequest, title: "Bad Request"},
	// A password is a grant that does not hold, as a refresh token is (RFC 6749, section 5.2).
	auth.InvalidCredentials: {status: http.StatusUnauthorized, title: "Unauthorized", oauth: "invalid_grant",
		below: "invalid_grant", belowStatus: http.StatusBadRequest},
	auth.InvalidGrant: {status: http.StatusUnauthorized, title: "Unauthorized", oauth: "invalid_grant",
		below: "invalid_grant", belowStatus: http.StatusBadRequest},
	auth.InvalidToken:         {status: http.StatusUnauthorized, title: "Unauthorized", oauth: "invalid_token"},
	auth.InvalidClient:        {status: http.StatusUnauthorized, title: "Unauthorized", below: "invalid_client"},
	auth.Forbidden:            {status: http.StatusForbidden, title: "Forbidden", below: "unauthorized_client", belowStatus: http.StatusBadRequest},
	auth.NotFound:             {status: http.StatusNotFound, title: "Not Found"},
	auth.Gone:                 {status: http.StatusGone, title: "Gone"},
	auth.MethodNotAllowed:     {status: http.StatusMethodNotAllowed, title: "Method Not Allowed"},
	auth.Conflict:             {status: http.StatusConflict, title: "Conflict"},
	auth.TooLarge:             {status: http.StatusRequestEntityTooLarge, title: "Content Too Large"},
	auth.UnsupportedMediaType: {status: http.StatusUnsupportedMediaType, title: "Unsupported Media Type"},
	auth.Misdirected:          {status: http.StatusMisdirectedRequest, title: "Misdirected Request"},
	auth.WeakPassword:         {status: http.StatusUnprocessableEntity, title: "Unprocessable Content"},
	auth.Throttled:            {status: http.StatusTooManyRequests, title: "Too Many Requests", below: codeUnavailable},
	// Which part is out of reach is for the log; what a client can do about it is always the same.
	auth.Unavailable: {status: http.StatusServiceUnavailable, title: "Service Unavailable", code: codeUnavailable, below: codeUnavailable},
}

var (
	errNotFound         = &auth.Error{Kind: auth.NotFound, Code: "not_found", Public: "There is nothing at this path."}
	errMethodNotAllowed = &auth.Error{Kind: auth.MethodNotAllowed, Code: "method_not_allowed",
		Public: "This path does not know the method. Allow names those it knows."}
)

// invalidRequest is a malformed request; pointer names the member at fault, if it is one.
func invalidRequest(pointer, public string) *auth.Error {
	return &auth.Error{Kind: auth.InvalidRequest, Code: "invalid_request", Pointer: pointer, Public: public}
}

// panicError is what was thrown, for the log.
type panicError struct{ thrown any }

func (e panicError) Error() string { return fmt.Sprintf("panic: %v", e.thrown) }

// writeError answers err. An error without an [auth.Error] in it is Internal: its text may hold
// anything, so the client sees a fixed one and the log the true one.
func writeError(x *exchange, r *http.Request, err error) {
	e := publicError(err)
	m, known := meanings[e.Kind]
	if !known {
		m = meanings[auth.Internal]
	}
	code, detail := cmp.Or(m.code, e.Code), cmp.Or(m.detail, e.Public)
	x.cause = err
	if x.oauth {
		writeOAuthError(x, m, code, detail, e.RetryAfter)
		return
	}
	p := problem{Type: aboutBlank, Title: m.title, Status: m.status, Detail: detail, Code: code, RequestID: x.id}
	if m.status < http.StatusInternalServerError {
		p.Pointer, p.Reasons = showable(e.Pointer), e.Reasons
	}
	if m.oauth != "" {
		p.Error, p.ErrorDescription = m.oauth, quotable(p.Detail)
	}
	setLimit(x.Header(), e)
	writeProblem(x, r, p, e.RetryAfter)
}

// setLimit names the limit that is used up, in the fields of draft-ietf-httpapi-ratelimit-headers. Only a
// refusal has them: on a 401 they would tell how a guess is counted, and so which names are somebody's.
func setLimit(h http.Header, e *auth.Error) {
	if e.Kind != auth.Throttled || e.Limit.Name == "" {
		return
	}
	name := strconv.Quote(e.Limit.Name)
	policy := name + ";q=" + strconv.Itoa(e.Limit.Quota)
	if e.Limit.Window > 0 {
		policy += ";w=" + wholeSeconds(e.Limit.Window)
	}
	h["Ratelimit-Policy"] = []string{policy}
	h["Ratelimit"] = []string{name + ";r=0;t=" + wholeSeconds(e.RetryAfter)}
}

// publicError finds the part of err that a client may see.
func publicError(err error) *auth.Error {
	if e := (*auth.Error)(nil); errors.As(err, &e) {
		return e
	}
	// The client hung up, or time ran out before the store answered: whether something was written is
	// not known, which is exactly what Unavailable says.
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return auth.ErrUnavailable
	}
	return &auth.Error{Kind: auth.Internal}
}

// writeProblem sends p with the headers that its status asks for.
func writeProblem(x *exchange, r *http.Request, p problem, retryAfter time.Duration) {
	x.failed(p.Status, p.Code, challenge(r, p), retryAfter)
	x.send(p.Status, mediaProblem, line(p.encode()))
}

// failed sets the headers of an error of this status.
func (x *exchange) failed(status int, code, challenge string, retryAfter time.Duration) {
	h := x.Header()
	h.Set("Cache-Control", "no-store") // a handler may have said otherwise before it failed
	h.Del("ETag")
	switch status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", challenge)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", wholeSeconds(retryAfter))
	}
	x.code = code
}

// challenge says how to authenticate (RFC 9110, section 15.5.2). It names the error only if a token
// came in the header that the challenge is about (RFC 6750, section 3.1).
func challenge(r *http.Request, p problem) string {
	text := `Bearer realm="authd"`
	if p.Error == "invalid_token" && len(r.Header["Authorization"]) > 0 {
		text += `, error="` + p.Error + `", error_description="` + p.ErrorDescription + `"`
	}
	return text
}

// wholeSeconds rounds up: a client that is told a shorter time comes back too early.
func wholeSeconds(d time.Duration) string {
	return strconv.FormatInt(max(1, int64((d+time.Second-1)/time.Second)), 10)
}

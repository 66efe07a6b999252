package verify

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// Middleware lets requests with a good token pass, with its claims in their context ([FromContext]), and
// answers all others. It is for net/http and what is built on it, such as chi.
//
// Tokens are read from the Authorization header alone (RFC 6750, section 2.1): those in addresses end in
// logs, and those in cookies let other sites act for the user.
func (v *Verifier) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, err := v.Request(r)
		if err != nil {
			v.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), claims)))
	})
}

// Request is [Verifier.Token] for the token of a request: [ErrNoToken] if it has none, [ErrRequest] if
// its Authorization header is of another form. It is for routes that answer strangers too, and for a
// middleware of your own.
func (v *Verifier) Request(r *http.Request) (Claims, error) {
	raw, err := bearer(r.Header["Authorization"])
	if err != nil {
		return Claims{}, err
	}
	return v.Token(r.Context(), raw)
}

func (v *Verifier) refuse(w http.ResponseWriter, r *http.Request, err error) {
	write := WriteError
	if v != nil && v.c != nil {
		write = v.c.writeError
	}
	write(w, r, err)
}

// bearer takes the token out of the Authorization header. A comma or a second header would be a second
// credential, and who reads the first is not who reads the last.
func bearer(headers []string) (string, error) {
	if len(headers) == 0 {
		return "", ErrNoToken
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	switch {
	case len(headers) > 1:
		return "", ErrRequest
	case !strings.EqualFold(scheme, "Bearer"):
		return "", ErrNoToken // who came with another scheme is told which one is wanted
	case !isToken68(token):
		return "", ErrRequest
	}
	return token, nil
}

// isToken68 reports whether text has the form that RFC 6750 gives a token.
func isToken68(text string) bool {
	text = strings.TrimRight(text, "=")
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("-._~+/", c) >= 0:
		default:
			return false
		}
	}
	return text != ""
}

// problem is the body of a refusal (RFC 9457), as authd itself writes them.
type problem struct {
	Type             string `json:"type"`
	Title            string `json:"title"`
	Status           int    `json:"status"`
	Detail           string `json:"detail"`
	Code             string `json:"code"`
	Error            string `json:"error,omitempty"`
	ErrorDescription string `json:"error_description,omitempty"`
}

// answers has what each error is on the wire. The text is always the same: what exactly was wrong with a
// token helps nobody but a forger.
var answers = []struct {
	err    error
	status int
	code   string
	oauth  string // RFC 6750, section 3.1
	detail string
}{
	{ErrNoToken, http.StatusUnauthorized, "token_missing", "", "An access token is wanted."},
	{ErrRequest, http.StatusBadRequest, "invalid_request", "invalid_request", "The Authorization header must be: Bearer, a space, the access token."},
	{ErrInvalid, http.StatusUnauthorized, "invalid_token", "invalid_token", "The access token is not valid."},
	{ErrExpired, http.StatusUnauthorized, "invalid_token", "invalid_token", "The access token is not valid."},
	{ErrRevoked, http.StatusUnauthorized, "invalid_token", "invalid_token", "The access token is not valid."},
	{ErrScope, http.StatusForbidden, "insufficient_scope", "insufficient_scope", "The access token does not reach as far as this."},
	{ErrRole, http.StatusForbidden, "role_missing", "", "Whoever the access token stands for may not do this."},
	{ErrNoClaims, http.StatusInternalServerError, "internal_error", "", "Something went wrong here."},
}

// WriteError answers a request with what an error of this package means: 401 and a challenge for a token
// that is missing or not good, 400 for a malformed header, 403 for a good token without the role or scope,
// and 503 for everything else. A verifier that does not know never answers 401, at which clients would
// throw good tokens away.
func WriteError(w http.ResponseWriter, _ *http.Request, err error) {
	p := problem{Type: "about:blank", Status: http.StatusServiceUnavailable, Code: "temporarily_unavailable",
		Detail: "Whether the access token is still good is not known at the moment. Try again."}
	for _, a := range answers {
		if errors.Is(err, a.err) {
			p.Status, p.Code, p.Detail, p.Error = a.status, a.code, a.detail, a.oauth
			break
		}
	}
	p.Title = http.StatusText(p.Status)
	if p.Error != "" {
		p.ErrorDescription = p.Detail
	}
	h := w.Header()
	if p.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	} else if text := p.challenge(err); text != "" {
		h.Set("WWW-Authenticate", text)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/problem+json")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// challenge says how to do better (RFC 6750, section 3). Without an error it is for those who did not try,
// and for a role there is none: no other token would help.
func (p *problem) challenge(err error) string {
	switch {
	case p.Error == "" && p.Status != http.StatusUnauthorized:
		return ""
	case p.Error == "":
		return `Bearer realm="authd"`
	}
	text := `Bearer realm="authd", error="` + p.Error + `", error_description="` + p.Detail + `"`
	var lacks *lacking
	if errors.Is(err, ErrScope) && errors.As(err, &lacks) {
		text += `, scope="` + lacks.name + `"`
	}
	return text
}

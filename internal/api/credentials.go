package api

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/authd/authd/internal/tokens"
)

// refuseAmbiguous refuses, on every path, what two readers of one request might read differently, and
// what must not have been sent at all.
func refuseAmbiguous(r *http.Request) error {
	if len(r.Header["Authorization"]) > 1 {
		// A proxy may check the one and pass both (F11).
		return invalidRequest("", "There must be one Authorization header.")
	}
	if r.URL.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return invalidRequest("", "The query is malformed.")
	}
	for name := range query {
		switch strings.ToLower(name) {
		case "access_token", "refresh_token", "token", "client_secret", "client_assertion":
			// Addresses end in logs, histories and Referer headers. Refusing teaches the developer on
			// the first day, before any of them has a user's token in it (B24, I2; RFC 9700, 4.3.2).
			return invalidRequest("", "A token or a secret must not travel in the address. Take this one for leaked.")
		}
	}
	return nil
}

// bearer returns the access token, or nothing if no Authorization header was sent (RFC 6750, 2.1). A
// header of any other form is refused: who sent it meant to authenticate, and was not understood.
func bearer(r *http.Request) (string, error) {
	headers := r.Header["Authorization"]
	if len(headers) == 0 {
		return "", nil
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || !isToken68(token) {
		return "", invalidRequest("", "The Authorization header must be: Bearer, a space, the access token.")
	}
	return token, nil
}

// mustBearer is bearer for a route that nobody may use without a token.
func mustBearer(r *http.Request) (string, error) {
	token, err := bearer(r)
	if err == nil && token == "" {
		err = tokens.ErrTokenInvalid
	}
	return token, err
}

// isToken68 reports whether text has the form that RFC 6750 gives a token. A comma or a second space
// would be a second credential hidden in one header.
func isToken68(text string) bool {
	text = strings.TrimRight(text, "=")
	for _, c := range []byte(text) {
		if !isLetterOrDigit(c) && !strings.ContainsRune("-._~+/", rune(c)) {
			return false
		}
	}
	return text != ""
}

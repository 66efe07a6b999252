package api

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// oauthRoot is where the routes of OAuth are. Whatever is wrong with a request below it, also that there
// is no such route, is said as RFC 6749 has it, because clients of OAuth look for an error member in JSON.
const oauthRoot = "/oauth/"

func belowOAuth(r *http.Request) bool { return strings.HasPrefix(r.URL.EscapedPath(), oauthRoot) }

// oauthWords are the codes that OAuth knows itself: those of RFC 6749 (section 5.2) and of RFC 8707 (2).
var oauthWords = []string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client",
	"unsupported_grant_type", "invalid_scope", "invalid_target"}

// basicChallenge is what a client has to do that is not known.
const basicChallenge = `Basic realm="authd"`

// oauthError is the body of an error of OAuth (RFC 6749, section 5.2), with the word to branch on and the
// request's id, as problems have them.
type oauthError struct {
	Error            string `json:"error"`
	ErrorDescription string `json:"error_description"`
	Code             string `json:"code"`
	RequestID        string `json:"request_id"`
}

func writeOAuthError(x *exchange, m meaning, code, detail string, retryAfter time.Duration) {
	e := oauthError{Error: m.below, ErrorDescription: quotable(detail), Code: code, RequestID: x.id}
	switch {
	case slices.Contains(oauthWords, code):
		e.Error = code
	case e.Error == "":
		e.Error = "invalid_request"
	}
	status := m.status
	if m.belowStatus != 0 {
		status = m.belowStatus
	}
	body, err := json.Marshal(e) // four texts of ours in ASCII: it cannot fail
	if err != nil {
		panic(err)
	}
	x.failed(status, code, basicChallenge, retryAfter)
	x.send(status, mediaJSON, line(body))
}

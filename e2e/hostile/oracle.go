//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// general are the statuses that any request may get, whether or not its operation names them.
var general = []int{400, 404, 405, 413, 414, 415, 421, 431}

// unreadable are those that net/http itself answers what is no HTTP, in plain text, before authd hears of it.
var unreadable = []int{400, 408, 413, 417, 431, 501, 505}

var requestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// oracle says what is wrong with answers.
type oracle struct {
	doc *openapi3.T
}

// faults of the answers to a request; none if all is as it must be.
func (o *oracle) faults(r *request, answers []answer) (found []string) {
	if r.raw != nil && len(answers) > r.answers {
		found = append(found, fmt.Sprintf("%d answers, of which there may be %d", len(answers), r.answers))
	}
	for _, a := range answers {
		found = append(found, o.echoed(r, a)...)
		if plain(a) {
			continue
		}
		found = append(found, common(r, a)...)
		if r.raw == nil {
			found = append(found, o.answered(r, a)...)
		}
	}
	return found
}

// plain reports whether an answer is one of net/http's own, which ends the connection.
func plain(a answer) bool {
	if a.status == http.StatusExpectationFailed {
		return len(a.body) == 0 && a.closes
	}
	return slices.Contains(unreadable, a.status) && strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") && a.closes
}

// echoed finds what was sent and must not come back.
func (o *oracle) echoed(r *request, a answer) (found []string) {
	var head strings.Builder
	_ = a.header.Write(&head) // to memory
	whole := head.String() + string(a.body)
	if strings.Contains(whole, mark) {
		found = append(found, "the answer repeats what was sent")
	}
	for _, secret := range r.secrets {
		if a.status >= 400 && strings.Contains(whole, secret) {
			found = append(found, "the answer repeats a credential")
		}
	}
	if strings.Contains(whole, "smuggled-") {
		found = append(found, "a request inside of another was answered")
	}
	return found
}

// common is what holds of every answer of authd's.
func common(r *request, a answer) (found []string) {
	want := func(is bool, format string, args ...any) {
		if !is {
			found = append(found, fmt.Sprintf(format, args...))
		}
	}
	h := a.header
	want(a.status < 500, "status %d", a.status)
	want(a.status < 300 || a.status == 304 || a.status >= 400, "status %d, where nothing is anywhere else", a.status)
	id := h.Get("X-Request-Id")
	want(requestID.MatchString(id), "X-Request-Id is %q", id)
	want(r.id == "" || r.raw != nil || id == r.id, "X-Request-Id is %q, which is another request's", id)
	want(h.Get("X-Content-Type-Options") == "nosniff", "X-Content-Type-Options is %q", h.Get("X-Content-Type-Options"))
	want(strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'"), "Content-Security-Policy is %q", h.Get("Content-Security-Policy"))
	want(h.Get("Referrer-Policy") == "no-referrer", "Referrer-Policy is %q", h.Get("Referrer-Policy"))
	want(a.status < 400 || h.Get("Cache-Control") == "no-store", "an error may be stored: Cache-Control is %q", h.Get("Cache-Control"))
	want((a.status == 401) == (h.Get("WWW-Authenticate") != ""), "status %d with WWW-Authenticate %q", a.status, h.Get("WWW-Authenticate"))
	want(a.status != 405 || h.Get("Allow") != "", "status 405 without Allow")
	want(a.status != 429 && a.status != 503 || h.Get("Retry-After") != "", "status %d without Retry-After", a.status)
	for _, name := range []string{"Server", "X-Powered-By", "Via", "Location", "X-Aspnet-Version", "Content-Encoding"} {
		want(h.Get(name) == "", "%s is %q", name, h.Get(name))
	}
	for name, values := range h {
		want(len(values) == 1 || name == "Vary", "%s is there %d times", name, len(values))
	}
	origin := h.Get("Access-Control-Allow-Origin")
	open := origin == "*" && h.Get("Access-Control-Allow-Credentials") == ""
	own := origin == listed && slices.Contains(r.headers, field{"Origin", listed})
	want(origin == "" || open || own, "the origin %q is allowed", origin)
	return found
}

// answered holds an answer to the contract and to what the request deserves.
func (o *oracle) answered(r *request, a answer) (found []string) {
	success := a.status < 400
	if r.refused && success {
		found = append(found, fmt.Sprintf("status %d for a request that must be refused", a.status))
	}
	if strings.Contains(string(a.body), `"active":true`) && len(r.owners) == 0 {
		found = append(found, "a token that is worth nothing is called active")
	}
	documented := r.op.responses.Status(a.status)
	switch {
	case documented == nil && (a.status == 401 || a.status == 503) && r.op.admin: // the guard comes before the router
	case documented == nil && !slices.Contains(general, a.status):
		return append(found, fmt.Sprintf("status %d, which the contract does not have", a.status))
	}
	if r.method == "HEAD" {
		return found
	}
	if documented == nil || r.lost && !success || r.method != "HEAD" && r.method != r.op.method {
		return append(found, o.isError(!r.op.admin && strings.HasPrefix(r.target, "/oauth/"), a)...)
	}
	return append(found, describes(documented.Value, a)...)
}

// isError wants an error of the house, or of OAuth below its path.
func (o *oracle) isError(oauth bool, a answer) (found []string) {
	media, name := mediaProblem, "Problem"
	if oauth {
		media, name = mediaJSON, "OAuthError"
	}
	if got := a.header.Get("Content-Type"); got != media {
		found = append(found, fmt.Sprintf("Content-Type is %q, want %q", got, media))
	}
	return append(found, fits(o.doc.Components.Schemas[name].Value, a.body)...)
}

// describes compares an answer with one that the contract has.
func describes(want *openapi3.Response, a answer) (found []string) {
	for name, h := range want.Headers {
		got := a.header.Get(name)
		switch {
		case got == "" && h.Value.Required:
			found = append(found, name+" is missing")
		case got != "" && h.Value.Schema != nil && h.Value.Schema.Value.Type.Is("string"):
			if err := h.Value.Schema.Value.VisitJSON(got); err != nil {
				found = append(found, fmt.Sprintf("%s is %q", name, got))
			}
		}
	}
	if len(want.Content) == 0 {
		if len(a.body) > 0 {
			found = append(found, "there is a body, and there should be none")
		}
		return found
	}
	media, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	content := want.Content[media]
	switch {
	case content == nil:
		found = append(found, fmt.Sprintf("Content-Type is %q, which the contract does not have", media))
	case strings.HasSuffix(media, "json"):
		found = append(found, fits(content.Schema.Value, a.body)...)
	case media == "application/jwt":
		if err := content.Schema.Value.VisitJSON(string(a.body)); err != nil {
			found = append(found, "the body is no JWT")
		}
	}
	return found
}

func fits(schema *openapi3.Schema, body []byte) []string {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return []string{"the body is no JSON"}
	}
	if err := schema.VisitJSON(value); err != nil {
		reason, _, _ := strings.Cut(err.Error(), "\n")
		return []string{"the body is not as the contract has it: " + reason}
	}
	return nil
}

// succeeded reports whether an answer may have changed something: a success of what is there to change something, and
// the end of a session whose refresh token was shown twice.
func succeeded(r *request, a answer) bool {
	if strings.Contains(string(a.body), `"refresh_token_reused"`) {
		return true
	}
	return a.status < 300 && r.method == r.op.method && r.op.changes() && a.status != http.StatusContinue
}

package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// sweptFaults are what services may come back with: whatever any of them says, and where, the rules about
// headers hold.
var sweptFaults = map[string]broken{
	"well":        {},
	"internal":    {err: errors.New(`pq: relation "users" does not exist (SQLSTATE 42P01) at /src/internal/store/postgres/users.go:42 select secret from users`)},
	"panics":      {thrown: errors.New("runtime error: goroutine 17 at /src/internal/tokens/refresh.go:7")},
	"unavailable": {err: auth.ErrUnavailable.Because(errors.New("dial tcp 10.0.0.1:5432: SQLSTATE 57P01"))},
	"throttled":   {err: &auth.Error{Kind: auth.Throttled, Code: "too_many_attempts", Public: "Wait.", RetryAfter: time.Minute}},
	"credentials": {err: accounts.ErrInvalidCredentials.Because(errors.New("users.go:42"))},
	"token":       {err: tokens.ErrTokenInvalid},
	"grant":       {err: tokens.ErrRefreshTokenReused},
}

// F21, F22: every operation of the contract, and what is none, in every state of the services, on both
// listeners and before there is a service. What another test asserts of one answer holds of all here.
func TestEveryAnswerKeepsTheRulesAboutHeaders(t *testing.T) {
	t.Parallel()
	statuses, answers := map[int]bool{}, 0
	sweep := func(handler http.Handler, state string, calls []call) {
		for _, c := range calls {
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, c.request(t))
			a := answer{recorder.Code, recorder.Header(), recorder.Body.Bytes()}
			for _, fault := range a.faults(c) {
				t.Errorf("%s %s, %s: %d: %s", c.method, c.path, state, a.status, fault)
			}
			statuses[a.status] = true
			answers++
		}
	}
	public, operators := operationCalls(t, false), operationCalls(t, true)
	for state, b := range sweptFaults {
		handler, _ := brokenHandler(t, b)
		sweep(handler, state, public)
		handler, _ = brokenAdmin(t, b)
		sweep(handler, state, operators)
	}
	handler, _ := brokenHandler(t, broken{})
	sweep(handler, "no operation", otherCalls(t, false))
	handler, _ = brokenAdmin(t, broken{})
	sweep(handler, "no operation", otherCalls(t, true))
	sweep(mustNotYet(t, new(logged).logger(), time.Now, strings.NewReader(strings.Repeat("x", 1<<20))), "starting", public)
	for _, status := range []int{200, 201, 204, 400, 401, 404, 405, 413, 415, 421, 429, 500, 503} {
		if !statuses[status] {
			t.Errorf("no answer of %d was %d: the sweep reaches less than it says", answers, status)
		}
	}
	if answers < 1000 {
		t.Errorf("%d answers were looked at, which cannot be all", answers)
	}
}

// sweptPaths are those of a listener, with ids of nobody in them.
func sweptPaths(t *testing.T, byAdmin bool) map[string]*openapi3.PathItem {
	t.Helper()
	ids := strings.NewReplacer("/admin/users/{id}", "/admin/users/"+someUser, "{id}", someSession, "{kid}", someKey)
	paths := map[string]*openapi3.PathItem{}
	for path, item := range mustContract(t).doc.Paths.Map() {
		if served(path, item, byAdmin) {
			paths[ids.Replace(path)] = item
		}
	}
	return paths
}

// operationCalls asks for every operation of a listener, with and without what opens it.
func operationCalls(t *testing.T, byAdmin bool) (calls []call) {
	t.Helper()
	for path, item := range sweptPaths(t, byAdmin) {
		for method, operation := range item.Operations() {
			c := call{method: method, path: path, admin: byAdmin}
			if body := operation.RequestBody; body != nil {
				c = c.filled(t, body.Value)
			}
			open := c.bearing("x")
			switch {
			case byAdmin:
				open = c.bearing(adminToken)
			case strings.HasPrefix(path, oauthRoot):
				open = c.basic("client", "secret")
			}
			long := open
			long.body = strings.Repeat("x", maxBody+1)
			calls = append(calls, c, open, long, open.with("Content-Type", "text/plain"))
		}
	}
	return calls
}

// otherCalls asks for what is no operation, or must not be asked so.
func otherCalls(t *testing.T, byAdmin bool) (calls []call) {
	t.Helper()
	for path := range sweptPaths(t, byAdmin) {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "HEAD", "BREW"} {
			c := call{method: method, path: path, admin: byAdmin}
			below := c
			below.path += "/x"
			calls = append(calls, c.bearing(adminToken), below.bearing(adminToken))
		}
		query, twice, elsewhere := call{method: "GET", path: path + "?access_token=x", admin: byAdmin}, get(path), get(path).at("evil.example")
		twice.admin, elsewhere.admin = byAdmin, byAdmin
		calls = append(calls, query, elsewhere, twice.with("Authorization", "a").with("Authorization", "b"))
	}
	return calls
}

// filled gives c the body that the contract has as its example.
func (c call) filled(t *testing.T, body *openapi3.RequestBody) call {
	t.Helper()
	for mediaType, content := range body.Content {
		example := content.Example
		for _, name := range content.Examples {
			example = name.Value.Value
		}
		members, _ := example.(map[string]any)
		if mediaType == mediaForm {
			form := url.Values{}
			for name, value := range members {
				form.Set(name, value.(string))
			}
			c.body = form.Encode()
		} else {
			text, err := json.Marshal(members)
			must(t, err)
			c.body = string(text)
		}
		return c.with("Content-Type", mediaType)
	}
	return c
}

// telling is what no answer may have in it: SQL, places in the source, versions, names of what it is made of.
var telling = []string{"sqlstate", "pq:", "relation", "select ", ".go:", "goroutine", "runtime error", "panic", "dial tcp", "go1.", "golang", "net/http", "chi/",
	"/src/", "sqlite", "postgres"}

// faults says which rules an answer breaks.
func (a answer) faults(c call) (faults []string) {
	want := func(holds bool, rule string) {
		if !holds {
			faults = append(faults, rule+": "+strings.ReplaceAll(string(a.body), "\n", "")+" "+strings.Join(headerLines(a.header), " | "))
		}
	}
	has := func(name, value string) { want(a.header.Get(name) == value, name+" is not "+value) }
	has("X-Content-Type-Options", "nosniff")
	has("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	has("Referrer-Policy", "no-referrer")
	has("Strict-Transport-Security", "max-age=31536000")
	want(validRequestID(a.header.Get("X-Request-Id")), "there is no X-Request-Id")
	for _, name := range []string{"Server", "X-Powered-By", "Via", "Location", "Access-Control-Allow-Credentials"} {
		want(a.header.Get(name) == "", name+" is there")
	}
	for name, values := range a.header {
		want(len(values) == 1 && !strings.ContainsAny(values[0], "\r\n"), name+" is not one line")
	}
	public := a.status < 400 && slices.Contains([]string{"/.well-known/jwks.json", pathServerMetadata, pathOpenIDMetadata, "/openapi.yaml", "/revocations", "/"}, c.path)
	want(public || a.header.Get("Cache-Control") == "no-store", "it may be kept")
	want((a.status == 401) == (a.header.Get("WWW-Authenticate") != ""), "WWW-Authenticate")
	want((a.status == 429 || a.status == 503) == (a.header.Get("Retry-After") != ""), "Retry-After")
	want((a.status == 405) == (a.header.Get("Allow") != ""), "Allow")
	want(a.status < 300 || a.status >= 400, "it is a redirect")
	if a.status >= 400 {
		mediaType := mediaProblem
		if !c.admin && strings.HasPrefix(c.path, oauthRoot) {
			mediaType = mediaJSON
		}
		has("Content-Type", mediaType)
		want(a.header.Get("ETag") == "", "an error has an ETag")
		text := strings.ToLower(string(a.body) + strings.Join(headerLines(a.header), "\n"))
		want(!slices.ContainsFunc(telling, func(word string) bool { return strings.Contains(text, word) }), "it tells what it is made of")
	}
	return faults
}

func headerLines(h http.Header) (lines []string) {
	for name, values := range h {
		lines = append(lines, name+": "+strings.Join(values, ", "))
	}
	slices.Sort(lines)
	return lines
}

package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// fuzzedRoutes are the routes of both listeners, with {id} where a name stands in the path.
var fuzzedRoutes = []struct{ method, path, mediaType string }{
	{"POST", "/register", mediaJSON}, {"POST", "/login", mediaJSON}, {"POST", "/refresh", mediaJSON}, {"POST", "/logout", mediaJSON},
	{"POST", "/password", mediaJSON}, {"POST", "/password/reset", mediaJSON}, {"POST", "/me/delete", mediaJSON},
	{"GET", "/me", ""}, {"GET", "/sessions", ""}, {"DELETE", "/sessions/{id}", ""}, {"GET", "/revocations", ""},
	{"POST", "/oauth/token", mediaForm}, {"POST", "/oauth/introspect", mediaForm}, {"POST", "/oauth/revoke", mediaForm},
	{"GET", "/admin/users", ""}, {"POST", "/admin/users", mediaJSON}, {"GET", "/admin/users/{id}", ""}, {"PATCH", "/admin/users/{id}", mediaJSON},
	{"DELETE", "/admin/users/{id}", ""}, {"POST", "/admin/users/{id}/revoke", ""}, {"POST", "/admin/users/{id}/password-reset", ""},
	{"GET", "/admin/users/{id}/sessions", ""}, {"DELETE", "/admin/sessions/{id}", ""}, {"GET", "/admin/sessions/{id}/timeline", ""},
	{"POST", "/admin/revocations", mediaJSON}, {"GET", "/admin/keys", ""}, {"POST", "/admin/keys/rotate", ""}, {"DELETE", "/admin/keys/{id}", ""},
	{"GET", "/admin/clients", ""}, {"POST", "/admin/clients", mediaJSON}, {"DELETE", "/admin/clients/{id}", ""}, {"POST", "/admin/clients/{id}/revoke", ""},
	{"GET", "/admin/audit", ""},
	{"GET", "/", ""}, {"GET", "/livez", ""}, {"GET", "/readyz", ""}, {"GET", "/metrics", ""}, {"GET", "/openapi.yaml", ""},
	{"GET", "/.well-known/jwks.json", ""}, {"GET", pathServerMetadata, ""}, {"GET", pathOpenIDMetadata, ""},
}

func TestEveryRouteOfTheContractIsFuzzed(t *testing.T) {
	t.Parallel()
	for path, item := range mustContract(t).doc.Paths.Map() {
		for method := range item.Operations() {
			known := method == http.MethodOptions // preflights take nothing
			for _, route := range fuzzedRoutes {
				known = known || route.method == method && strings.ReplaceAll(path, "{kid}", "{id}") == route.path
			}
			if !known {
				t.Errorf("no fuzz target sends %s %s", method, path)
			}
		}
	}
}

// FuzzRoutes sends whole requests to both listeners, whose services are well and know nothing. No request
// is the server's fault, none ends in a panic, every answer is well-formed, and nothing of a refused body,
// form, query or header comes back: an answer ends in logs and on screens (F22, I1).
func FuzzRoutes(f *testing.F) {
	public, publicLog := brokenHandler(f, broken{})
	operators, adminLog := brokenAdmin(f, broken{})
	for i, route := range fuzzedRoutes {
		for _, taker := range takers {
			if taker.path == route.path {
				f.Add(uint8(i), "x", "", "Bearer x", taker.good)
			}
		}
		f.Add(uint8(i), "01890a5d-ac96-774b-bcce-b302099a8057", "limit=1", "Bearer x", `{"username":"marked-7f3a9c52e1","roles":["x"]}`)
		f.Add(uint8(i), "../%2e", "cursor=marked-7f3a9c52e1", "Basic eDp5", formTakers[route.path])
		f.Add(uint8(i), "\x00/ü", "marked-7f3a9c52e1=1", "marked-7f3a9c52e1", "token=marked-7f3a9c52e1&token=x")
	}
	f.Fuzz(func(t *testing.T, which uint8, id, query, authorization, body string) {
		route := fuzzedRoutes[int(which)%len(fuzzedRoutes)]
		handler, log := public, publicLog
		if strings.HasPrefix(route.path, "/admin/") || route.path == "/metrics" {
			handler, log = operators, adminLog
			authorization = "Bearer " + adminToken
		}
		a := answerTo(handler, route.method, route.path, route.mediaType, id, query, authorization, body)
		said, lines := wantWellFormed(t, a), log.take()
		if a.Code < http.StatusBadRequest {
			return
		}
		for _, secret := range markedIn(id, query, authorization, body) {
			if strings.Contains(said, secret) {
				t.Errorf("%s %s: the answer repeats %q: %s", route.method, route.path, secret, said)
			}
			if strings.Contains(lines, secret) {
				t.Errorf("%s %s: the log repeats %q", route.method, route.path, secret)
			}
		}
	})
}

func answerTo(handler http.Handler, method, path, mediaType, id, query, authorization, body string) *httptest.ResponseRecorder {
	r := &http.Request{Method: method, URL: &url.URL{Path: strings.ReplaceAll(path, "{id}", id), RawQuery: query}, Host: "127.0.0.1:8081",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: "192.0.2.1:1234", Header: http.Header{},
		Body: http.NoBody}
	if mediaType != "" {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		r.Header.Set("Content-Type", mediaType)
	}
	if authorization != "" {
		r.Header["Authorization"] = []string{authorization}
	}
	a := httptest.NewRecorder()
	handler.ServeHTTP(a, r)
	return a
}

// wantWellFormed: every refusal says what it is in JSON, and only a feed that cannot be read is ours to be
// sorry for. It returns the refusal without the pointer, which names a member as it was sent.
func wantWellFormed(t *testing.T, a *httptest.ResponseRecorder) (said string) {
	t.Helper()
	if a.Code >= 500 && a.Code != http.StatusServiceUnavailable {
		t.Fatalf("got %d %s", a.Code, a.Body)
	}
	if a.Code < http.StatusBadRequest {
		return ""
	}
	var p map[string]any
	if err := json.Unmarshal(a.Body.Bytes(), &p); err != nil || p["code"] == nil && p["error"] == nil {
		t.Errorf("%d %s: %v", a.Code, a.Body, err)
	}
	delete(p, "pointer")
	rest, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(rest)
}

// markedIn returns the words of a request that no answer says by itself: long ones with a digit in them.
func markedIn(texts ...string) (marked []string) {
	for _, word := range strings.FieldsFunc(strings.Join(texts, " "), func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.", r)
	}) {
		if len(word) >= 12 && strings.ContainsAny(word, "0123456789") && word != adminToken {
			marked = append(marked, word)
		}
	}
	return marked
}

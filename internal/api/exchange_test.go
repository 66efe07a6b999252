package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// A call is a request in the words that tests need.
type call struct {
	method string
	path   string // as it stands in the request line, with a query
	body   string
	header http.Header // on top of a JSON content type, if there is a body; an empty value deletes
	peer   string      // the connection's other end; empty: one of httptest's
	admin  bool        // goes to the admin listener
	host   string      // what it calls the listener; empty: one that it goes by
}

func get(path string) call { return call{method: http.MethodGet, path: path} }

func post(path, body string) call { return call{method: http.MethodPost, path: path, body: body} }

// with adds a header; with an empty value the header is left out.
func (c call) with(name, value string) call {
	c.header = c.header.Clone()
	if c.header == nil {
		c.header = http.Header{}
	}
	c.header.Add(name, value)
	return c
}

// submit is a request to a route of OAuth.
func submit(path, body string) call { return post(path, body).with("Content-Type", mediaForm) }

// basic shows a client's id and secret.
func (c call) basic(id, secret string) call {
	return c.with("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(id+":"+secret)))
}

func (c call) bearing(token string) call { return c.with("Authorization", "Bearer "+token) }

// adminListener marks the context of a request to the admin listener, whose contract is another.
type adminListener struct{}

// byOperator sends c to the admin listener, with its token.
func (c call) byOperator() call { return c.toAdmin().bearing(adminToken) }

// toAdmin sends c to the admin listener, without a token.
func (c call) toAdmin() call {
	c.admin = true
	return c
}

func (c call) at(host string) call {
	c.host = host
	return c
}

func (c call) from(peer string) call {
	c.peer = peer
	return c
}

func (c call) request(t testing.TB) *http.Request {
	t.Helper()
	r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body)).WithContext(t.Context())
	if c.admin {
		r = r.WithContext(context.WithValue(r.Context(), adminListener{}, true))
		r.Host = "127.0.0.1:8081"
	}
	if c.host != "" {
		r.Host = c.host
	}
	if c.peer != "" {
		r.RemoteAddr = c.peer
	}
	if c.body != "" {
		r.Header.Set("Content-Type", mediaJSON)
	}
	for name, values := range c.header {
		if len(values) == 1 && values[0] == "" {
			r.Header.Del(name)
			continue
		}
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	return r
}

// An answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends c through handler and holds the exchange to the contract.
func do(t testing.TB, handler http.Handler, c call) answer {
	t.Helper()
	r := c.request(t)
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, r)
	response := recorder.Result()
	response.Request = r
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if r.Method == http.MethodHead {
		body = nil // net/http drops it, the recorder does not
	}
	mustContract(t).check(t, r, []byte(c.body), response, body)
	return answer{response.StatusCode, response.Header, body}
}

// problem returns the body as a problem, and fails if it is none of this status and code.
func (a answer) problem(t testing.TB, status int, code string) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal(a.body, &p); err != nil {
		t.Fatalf("got %d %s, want a problem: %v", a.status, a.body, err)
	}
	if a.status != status || p.Status != status || p.Code != code {
		t.Errorf("got %d with %s, want %d %s", a.status, a.body, status, code)
	}
	return p
}

// refused returns the body as an error of OAuth, and fails if it is none of this status, error and code.
func (a answer) refused(t testing.TB, status int, word, code string) (e oauthError) {
	t.Helper()
	if err := json.Unmarshal(a.body, &e, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("got %d %s, want an error of OAuth: %v", a.status, a.body, err)
	}
	if a.status != status || e.Error != word || e.Code != code {
		t.Errorf("got %d with %s, want %d %s (%s)", a.status, a.body, status, word, code)
	}
	if got := a.header.Get("Cache-Control"); got != "no-store" { // F21
		t.Errorf("Cache-Control: got %q", got)
	}
	return e
}

// fails is problem, or refused below the root of OAuth, for a request that any path could be asked.
func (a answer) fails(t testing.TB, c call, status int, code string) {
	t.Helper()
	switch {
	case c.admin || !strings.HasPrefix(c.path, oauthRoot):
		a.problem(t, status, code)
	case status == http.StatusServiceUnavailable:
		a.refused(t, status, "temporarily_unavailable", code)
	default:
		a.refused(t, status, "invalid_request", code)
	}
}

// into reads the body of a success.
func (a answer) into(t testing.TB, status int, value any) {
	t.Helper()
	if a.status != status {
		t.Fatalf("got %d with %s, want %d", a.status, a.body, status)
	}
	if err := json.Unmarshal(a.body, value, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
}

func unmarshalAny(body []byte, value *any) error {
	return json.UnmarshalRead(bytes.NewReader(body), value)
}

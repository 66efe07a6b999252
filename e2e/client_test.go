//go:build unix

package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// client is one HTTP client. Its Timeout is longer than authd takes for any answer, so that a broken
// connection is the only reason for having none.
func newClient(t testing.TB) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 4}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 45 * time.Second}
}

// request is a request to authd. No body makes it a GET.
type request struct {
	path   string
	body   any    // sent as JSON
	bearer string // an access token
}

// answer is what came back, whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// String leaves out the end of a pair of tokens, which tells nobody anything.
func (a answer) String() string { return fmt.Sprintf("%d %.300s", a.status, a.body) }

// code is the member code of a problem, or empty.
func (a answer) code() string {
	var problem struct{ Code string }
	_ = json.Unmarshal(a.body, &problem)
	return problem.Code
}

// send asks the process at addr. An error means that there was no whole answer.
func send(ctx context.Context, c *http.Client, addr string, r request) (a answer, err error) {
	q, err := newRequest(ctx, addr, r)
	if err != nil {
		return a, err
	}
	response, err := c.Do(q)
	if err != nil {
		return a, err
	}
	return readAnswer(response)
}

func newRequest(ctx context.Context, addr string, r request) (*http.Request, error) {
	method, text := http.MethodGet, []byte(nil)
	if r.body != nil {
		var err error
		if text, err = json.Marshal(r.body); err != nil {
			return nil, err
		}
		method = http.MethodPost
	}
	q, err := http.NewRequestWithContext(ctx, method, "http://"+addr+r.path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	if r.body != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	if r.bearer != "" {
		q.Header.Set("Authorization", "Bearer "+r.bearer)
	}
	return q, nil
}

func readAnswer(response *http.Response) (a answer, err error) {
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, body}, err
}

// ask is send for the straight line of a test.
func ask(t testing.TB, p *process, r request) answer {
	t.Helper()
	a, err := send(t.Context(), newClient(t), p.addr, r)
	if err != nil {
		t.Fatalf("%s: %v", r.path, err)
	}
	return a
}

// credentials are a user's.
type credentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

func user(name string) credentials { return credentials{name, "a cup of tea at four"} }

// pair is the answer to a login and to a refresh.
type pair struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	SessionID    string `json:"session_id"`
	ExpiresIn    int    `json:"expires_in"`
	TokenType    string `json:"token_type"`
}

func (a answer) pair() (p pair, err error) {
	if a.status != http.StatusOK {
		return p, fmt.Errorf("got %v, want 200 and a pair of tokens", a)
	}
	if err := json.Unmarshal(a.body, &p); err != nil {
		return p, err
	}
	if p.AccessToken == "" || p.RefreshToken == "" || p.SessionID == "" {
		return p, fmt.Errorf("the pair is not whole: %s", a.body)
	}
	return p, nil
}

func mustPair(t testing.TB, a answer) pair {
	t.Helper()
	p, err := a.pair()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func refreshing(token string) request {
	return request{path: "/refresh", body: map[string]string{"refresh_token": token}}
}

func loggingOut(token string) request {
	return request{path: "/logout", body: map[string]string{"refresh_token": token}}
}

func refresh(t testing.TB, p *process, token string) pair {
	t.Helper()
	return mustPair(t, ask(t, p, refreshing(token)))
}

// signUp makes a user and opens a session.
func signUp(t testing.TB, p *process, name string) pair {
	t.Helper()
	if a := ask(t, p, request{path: "/register", body: user(name)}); a.status != http.StatusCreated {
		t.Fatalf("register: got %v, want 201", a)
	}
	return mustPair(t, ask(t, p, request{path: "/login", body: user(name)}))
}

// generation reads from a refresh token how often its session has rotated. No client may rely on that;
// docs/decisions/0003-the-refresh-token.md has the layout.
func generation(token string) (uint32, error) {
	text, ours := strings.CutPrefix(token, "art_")
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || !ours || len(b) != 1+16+4+32+16 {
		return 0, fmt.Errorf("%q is no refresh token", token)
	}
	return binary.BigEndian.Uint32(b[17:21]), nil
}

// wantGeneration checks how many rotations a token has behind it.
func wantGeneration(t testing.TB, token string, want uint32) {
	t.Helper()
	got, err := generation(token)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("the refresh token is of generation %d, want %d", got, want)
	}
}

// wantRefused checks that a refresh token opens nothing any more, for the right reason.
func wantRefused(t testing.TB, a answer, code string) {
	t.Helper()
	if a.status != http.StatusUnauthorized || a.code() != code {
		t.Errorf("got %v, want 401 %s", a, code)
	}
}

// wantUnavailable checks the answer that every client may repeat its request after.
func wantUnavailable(t testing.TB, a answer) {
	t.Helper()
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("got %v, Retry-After %q; want 503 and a Retry-After", a, a.header.Get("Retry-After"))
	}
}

package api

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// publicPaths are what scripts of every origin may read.
var publicPaths = []string{"/.well-known/jwks.json", pathServerMetadata, pathOpenIDMetadata, "/revocations", "/openapi.yaml"}

func TestWhatIsPublicIsSoToEveryOrigin(t *testing.T) { // F18
	t.Parallel()
	w := newWorld(t)
	failing, _ := brokenHandler(t, broken{thrown: "on fire"})
	for _, path := range publicPaths {
		c := get(path).with("Origin", "https://app.example")
		for _, a := range []answer{
			do(t, w, c), do(t, w, call{method: "HEAD", path: path}), do(t, failing, c), do(t, w, get(path)),
		} {
			if got := a.header.Get("Access-Control-Allow-Origin"); got != "*" {
				t.Errorf("%s: %d: Access-Control-Allow-Origin: got %q", path, a.status, got)
			}
		}
		ask := call{method: "OPTIONS", path: path}.with("Origin", "https://app.example").
			with("Access-Control-Request-Method", "GET").with("Access-Control-Request-Headers", "if-none-match")
		a := do(t, w, ask)
		if a.status != http.StatusNoContent || a.header.Get("Access-Control-Allow-Methods") != "GET, HEAD" ||
			a.header.Get("Access-Control-Allow-Headers") != "*" || a.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("OPTIONS %s: got %d %v", path, a.status, a.header)
		}
	}
}

func TestNothingElseIsOpenToOtherOrigins(t *testing.T) { // F18
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	operators, _ := brokenAdmin(t, broken{})
	for path := range mustContract(t).doc.Paths.Map() {
		if slices.Contains(publicPaths, path) || usersMethod(path) != "" {
			continue
		}
		for _, method := range []string{"GET", "POST", "DELETE", "PATCH", "OPTIONS"} {
			c := call{method: method, path: path}.with("Origin", string(testPages[0])).with("Access-Control-Request-Method", "POST")
			for header := range both(do(t, handler, c).header, do(t, operators, c.byOperator()).header) {
				if strings.HasPrefix(header, "Access-Control-") {
					t.Errorf("%s %s has %s", method, path, header)
				}
			}
		}
	}
}

// strangers are origins that are not listed, some of which look as if.
var strangers = []string{
	"https://evil.example", "null", "https://app.test.evil.example", "https://evilapp.test", "https://sub.app.test",
	"http://app.test", "https://app.test:444", "https://app.test:443", "https://app.test/", "https://APP.TEST", "https://app.test.",
	"https://app.test, https://evil.example", "https://app.test https://evil.example", "https://evil.example#https://app.test",
	"https://app.test@evil.example", "https://app.test\tevil", "https://other.test", "*", "https://*.test", "file://",
	"chrome-extension://abcdefghijklmnop", "https://app\u2024test", "https://xn--app-test.example",
}

// usersCalls are requests to each route of users, good enough to reach what is behind it.
func usersCalls() (calls []call) {
	for _, taker := range takers {
		calls = append(calls, taker.sent(taker.good))
	}
	return append(calls, get("/me").bearing("x"), get("/sessions").bearing("x"),
		call{method: "DELETE", path: "/sessions/AZqr_FvkfVqdDzxBpPDC7g"}.bearing("x"))
}

func TestAListedOriginReadsWhateverIsAnswered(t *testing.T) { // F18
	t.Parallel()
	late := &auth.Error{Kind: auth.Throttled, Code: "too_many_attempts", Public: "Wait.", RetryAfter: time.Minute}
	for what, b := range map[string]broken{
		"good": {}, "503": {err: auth.ErrUnavailable}, "500": {err: errors.New("broken")}, "panic": {thrown: "on fire"},
		"429": {err: late}, "401": {err: tokens.ErrTokenInvalid},
	} {
		handler, _ := brokenHandler(t, b)
		for _, c := range usersCalls() {
			for _, page := range testPages {
				a := exchanged(handler, c.with("Origin", string(page)).request(t))
				wantOpenTo(t, what+" "+c.path, a, string(page))
			}
		}
	}
	handler, _ := brokenHandler(t, broken{})
	for what, c := range map[string]call{
		"two Authorization headers": post("/logout", "").bearing("x").bearing("y"),
		"a token in the address":    get("/me?access_token=x"),
		"bad JSON":                  post("/login", "{"),
		"another media type":        post("/login", "{}").with("Content-Type", "text/plain"),
		"another method":            get("/login"),
		"too large":                 post("/login", strings.Repeat(" ", maxBody+1)),
	} {
		wantOpenTo(t, what, do(t, handler, c.with("Origin", string(testPages[0]))), string(testPages[0]))
	}
	starting := mustNotYet(t, new(logged).logger(), time.Now, rand.Reader)
	for _, c := range append(usersCalls(), call{method: "OPTIONS", path: "/login"}) {
		a := do(t, starting, c.with("Origin", string(testPages[1])))
		wantOpenTo(t, "starting "+c.path, a, string(testPages[1]))
		if want := map[bool]int{true: 204, false: 503}[c.method == "OPTIONS"]; a.status != want {
			t.Errorf("starting: %s %s: got %d, want %d", c.method, c.path, a.status, want)
		}
	}
}

// exchanged is do for answers that the contract has not heard of yet.
func exchanged(handler http.Handler, r *http.Request) answer {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, r)
	return answer{recorder.Code, recorder.Header(), recorder.Body.Bytes()}
}

func wantOpenTo(t *testing.T, what string, a answer, page string) {
	t.Helper()
	for header, want := range map[string]string{
		"Access-Control-Allow-Origin": page, "Access-Control-Allow-Credentials": "true", "Vary": "Origin",
	} {
		if got := a.header.Values(header); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %d: %s: got %q, want %q", what, a.status, header, got, want)
		}
	}
}

func TestAnOriginThatIsNotListedReadsNothing(t *testing.T) { // F18
	t.Parallel()
	handler, _ := brokenHandler(t, broken{err: auth.ErrUnavailable})
	calls := usersCalls()
	for _, c := range usersCalls() {
		calls = append(calls, call{method: "OPTIONS", path: c.path}.with("Access-Control-Request-Method", c.method).
			with("Access-Control-Request-Headers", "authorization,x-evil"))
	}
	for _, c := range calls {
		for _, origin := range strangers {
			a := do(t, handler, c.with("Origin", origin))
			wantClosed(t, c.method+" "+c.path+" from "+origin, a)
			if strings.Contains(fmt.Sprint(a.header)+string(a.body), origin) && len(origin) > 1 {
				t.Errorf("%s: %q is reflected", c.path, origin)
			}
		}
		wantClosed(t, "from nowhere", do(t, handler, c))
		wantClosed(t, "from two", exchanged(handler, c.with("Origin", string(testPages[0])).with("Origin", "https://evil.example").request(t)))
	}
}

func wantClosed(t *testing.T, what string, a answer) {
	t.Helper()
	for header := range a.header {
		if strings.HasPrefix(header, "Access-Control-") {
			t.Errorf("%s: %d: has %s", what, a.status, header)
		}
	}
	if got := a.header.Get("Vary"); got != "Origin" {
		t.Errorf("%s: %d: Vary: got %q", what, a.status, got)
	}
}

func TestAPreflightSaysWhatThePathTakes(t *testing.T) { // F18
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	for _, c := range usersCalls() {
		a := do(t, handler, call{method: "OPTIONS", path: c.path}.with("Origin", string(testPages[0])).
			with("Access-Control-Request-Method", c.method).with("Access-Control-Request-Headers", "authorization,content-type"))
		wantOpenTo(t, c.path, a, string(testPages[0]))
		got := []string{fmt.Sprint(a.status), a.header.Get("Access-Control-Allow-Methods"), a.header.Get("Access-Control-Allow-Headers"),
			a.header.Get("Access-Control-Max-Age")}
		want := []string{"204", c.method, "Authorization, Content-Type, X-Request-Id", "7200"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.path, diff)
		}
	}
}

func TestWithoutAListNoOriginMattersAtAll(t *testing.T) {
	t.Parallel()
	config := broken{err: auth.ErrUnavailable}.config(new(logged).logger())
	config.Origins = nil
	handler, err := New(config)
	must(t, err)
	for _, c := range usersCalls() {
		a := do(t, handler, c.with("Origin", string(testPages[0])))
		for header := range a.header {
			if strings.HasPrefix(header, "Access-Control-") || header == "Vary" {
				t.Errorf("%s: has %s", c.path, header)
			}
		}
	}
}

func TestAPagesOriginHasOneSpelling(t *testing.T) { // F18
	t.Parallel()
	for _, good := range []string{"https://app.example", "https://app.example:8443", "http://localhost:3000", "http://[::1]:3000",
		"https://xn--bcher-kva.example", "http://192.0.2.7"} {
		if got, err := ParsePageOrigin(good); err != nil || string(got) != good {
			t.Errorf("%s: got %q, %v", good, got, err)
		}
	}
	for _, bad := range []string{"", "*", "null", "app.example", "//app.example", "https://", "https://*.example", "https://app.example/",
		"https://app.example/a", "https://app.example?", "https://app.example#", "https://ada@app.example", "HTTPS://app.example",
		"https://App.example", "https://app.example:443", "http://app.example:80", "https://app.example:", "https://app.example:0",
		"https://app.example:99999", "https://app.example:08443", "https://app.example:+1", "file://x", "https://b\u00fccher.example",
		"https://app example", "https://[::1", "https://[0:0:0:0:0:0:0:1]", "https://::1", "https://a,b", "https://.", "https://a\n"} {
		if got, err := ParsePageOrigin(bad); err == nil {
			t.Errorf("%q: got %q", bad, got)
		}
	}
}

func both(one, other http.Header) http.Header {
	all := one.Clone()
	for name, values := range other {
		all[name] = append(all[name], values...)
	}
	return all
}

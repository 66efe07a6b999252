package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/auth"
)

func TestTheRequestIDComesBackIfItIsHarmless(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	for id, kept := range map[string]bool{
		"a": true, "Root=1-67891233-abcdef": false, "01890a5d-ac96-774b-bcce-b302099a8057": true,
		"a.b_c-D9": true, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false,
		"a b": false, "a\tb": false, "ä": false, "a\x1b[31m": false, `a"b`: false, "a/b": false,
	} {
		got := do(t, handler, get("/livez").with("X-Request-ID", id)).header.Get("X-Request-Id")
		if (got == id) != kept {
			t.Errorf("%q: got %q", id, got)
		}
		if !validRequestID(got) {
			t.Errorf("%q: got %q, which is no id", id, got)
		}
	}
}

func TestTwoRequestIDsAreReplaced(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	a := do(t, handler, get("/livez").with("X-Request-Id", "a").with("X-Request-Id", "b"))
	if got := a.header.Get("X-Request-Id"); got == "a" || got == "b" {
		t.Errorf("got %q", got)
	}
}

func TestRequestIDsThatAreMadeDiffer(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	one := do(t, handler, get("/livez")).header.Get("X-Request-Id")
	two := do(t, handler, get("/livez")).header.Get("X-Request-Id")
	if one == two {
		t.Errorf("twice %q", one)
	}
}

func TestWithoutRandomnessARequestIsAnswered500(t *testing.T) {
	t.Parallel()
	log := &logged{}
	handler := mustNotYet(t, log.logger(), time.Now, iotest.ErrReader(errors.New("entropy is out")))
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest("GET", "/livez", nil))
	if got, want := recorder.Code, http.StatusInternalServerError; got != want {
		t.Errorf("got %d, want %d", got, want)
	}
	if !strings.Contains(log.String(), "entropy is out") {
		t.Errorf("the cause is not in the log: %s", log)
	}
}

func TestThePanicOfOneRequestIsItsOwnAffair(t *testing.T) { // F23, H7
	t.Parallel()
	handler, log := brokenHandler(t, broken{thrown: "canary-7f3a"})
	for range 2 {
		a := do(t, handler, post("/login", takers[1].good))
		a.problem(t, http.StatusInternalServerError, "internal_error")
		if bytes.Contains(a.body, []byte("canary")) || bytes.Contains(a.body, []byte(".go")) {
			t.Errorf("the answer tells too much: %s", a.body)
		}
	}
	if a := do(t, handler, get("/livez")); a.status != http.StatusOK {
		t.Errorf("afterwards: got %d", a.status)
	}
	if got := strings.Count(log.String(), "canary-7f3a"); got != 2 {
		t.Errorf("two panics are in the log %d times: %s", got, log)
	}
	if !strings.Contains(log.String(), "sessions.go") {
		t.Error("the log has no stack that leads to the handler")
	}
}

func TestAPanicInTheMiddleOfAnAnswerCutsTheConnection(t *testing.T) {
	t.Parallel()
	log := &logged{}
	server := httptest.NewServer(&front{log: log.logger(), now: time.Now, ids: &idBlocks{random: rand.Reader},
		next: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "half") // in chunks, which an ordinary return would end well
			_ = http.NewResponseController(w).Flush()
			panic("in the middle")
		})})
	defer server.Close()
	response, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := new(bytes.Buffer).ReadFrom(response.Body); err == nil {
		t.Error("the client takes half an answer for a whole one")
	}
	if !strings.Contains(log.String(), "in the middle") {
		t.Errorf("the panic is not in the log: %s", log)
	}
}

func TestTheLogHasOneLineARequestAndNoneOfItsSecrets(t *testing.T) { // I1, I2, B24, F25
	t.Parallel()
	handler, log := brokenHandler(t, broken{err: errors.New("the store said no")})
	const canary = "CANARY"
	calls := []call{
		post("/login", `{"username":"ada-CANARY","password":"p-CANARY","device":"d-CANARY"}`),
		post("/register", `{"username":"ada-CANARY","password":"p-CANARY"}`),
		post("/register", `{"username":"ada","password":"p-CANARY","extra":"p-CANARY"}`),
		post("/register", `{"username":"ada","password":"\ud800CANARY"}`),
		post("/refresh", `{"refresh_token":"art_CANARY"}`),
		post("/logout", `{"refresh_token":"art_CANARY"}`).bearing("CANARY"),
		get("/me").bearing("CANARY"),
		get("/me").with("Authorization", "Basic CANARY"),
		get("/me?access_token=CANARY"),
		get("/livez?token=CANARY"),
		get("/CANARY/%43ANARY"),
		get("/readyz").with("User-Agent", "CANARY\x1b[31m").with("Cookie", "CANARY=CANARY"),
		{method: "CANARY", path: "/login"},
		get("/livez").with("X-Request-Id", "CANARY CANARY"),
		post("/login", "CANARY").with("Content-Type", "CANARY/CANARY"),
		submit("/oauth/token", "grant_type=p-CANARY"),
		submit("/oauth/token", "grant_type=refresh_token&refresh_token=art_CANARY&client_id=p-CANARY"),
		submit("/oauth/token", "grant_type=client_credentials&scope=p-CANARY").basic("p-CANARY", "p-CANARY"),
		submit("/oauth/token", "client_secret=p-CANARY&client_id=p-CANARY&grant_type=client_credentials"),
		submit("/oauth/introspect", "token=art_CANARY").with("Authorization", "Basic p-CANARY"),
		submit("/oauth/revoke", "token=art_CANARY&p-CANARY=p-CANARY&p-CANARY=p-CANARY"),
		submit("/oauth/revoke?x=p-CANARY", "token=art_CANARY"),
		submit("/oauth/CANARY", "token=art_CANARY"),
	}
	for _, c := range calls {
		a := do(t, handler, c)
		for _, value := range []string{"p-CANARY", "art_CANARY"} {
			if strings.Contains(string(a.body), value) {
				t.Errorf("%s %s: the answer repeats what was sent: %s", c.method, c.path, a.body)
			}
		}
	}
	if text := log.String(); strings.Contains(text, canary) {
		t.Errorf("the log repeats what was sent:\n%s", text)
	}
	if got, want := strings.Count(log.String(), "\n"), len(calls); got != want {
		t.Errorf("%d requests left %d lines:\n%s", want, got, log)
	}
}

func TestTheLogNamesTheRequest(t *testing.T) {
	t.Parallel()
	handler, log := brokenHandler(t, broken{err: errors.New("relation users does not exist")})
	do(t, handler, post("/login", takers[1].good).with("X-Request-Id", "req-1"))
	var got map[string]any
	if err := json.Unmarshal([]byte(log.String()), &got); err != nil {
		t.Fatal(err)
	}
	delete(got, "time")
	if _, there := got["duration_ms"]; !there {
		t.Error("there is no duration")
	}
	delete(got, "duration_ms")
	want := map[string]any{"level": "ERROR", "msg": "request", "method": "POST", "route": "/login", "status": 500.0,
		"request_id": "req-1", "code": "internal_error", "error": "relation users does not exist"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}
}

// Anybody can hang up, so it must not look like a fault of ours; and a fault of ours must, whoever hung up.
func TestAClientThatHungUpIsNoWarning(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		hungUp bool
		err    error
		want   slog.Level
	}{
		{true, fmt.Errorf("load: %w", context.Canceled), slog.LevelInfo},
		{false, fmt.Errorf("load: %w", context.Canceled), slog.LevelWarn},
		{true, auth.ErrUnavailable, slog.LevelWarn},
		{true, errors.New("the store said no"), slog.LevelError},
	} {
		handler, log := brokenHandler(t, broken{err: test.err})
		ctx, hangUp := context.WithCancel(t.Context())
		if test.hungUp {
			hangUp()
		}
		r := post("/refresh", `{"refresh_token":"x"}`).request(t).WithContext(ctx)
		handler.ServeHTTP(httptest.NewRecorder(), r)
		hangUp()
		if !strings.Contains(log.String(), `"level":"`+test.want.String()+`"`) {
			t.Errorf("hung up: %t, %v: want %v: %s", test.hungUp, test.err, test.want, log)
		}
	}
}

func TestProbesAndKeyFetchesThatSucceedAreDebug(t *testing.T) {
	t.Parallel()
	handler, log := brokenHandler(t, broken{})
	for _, path := range []string{"/livez", "/readyz", "/.well-known/jwks.json", "/openapi.yaml", "/"} {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
	}
	if got := strings.Count(log.String(), slog.LevelDebug.String()); got != 5 {
		t.Errorf("got %d lines of level DEBUG, want 5:\n%s", got, log)
	}
}

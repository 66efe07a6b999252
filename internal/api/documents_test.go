package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/auth"
)

func TestTheContractIsServedAsItIs(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	a := do(t, handler, get("/openapi.yaml"))
	if !bytes.Equal(a.body, mustContract(t).text) {
		t.Error("it is not openapi.yaml")
	}
	b := do(t, handler, get("/openapi.yaml").with("If-None-Match", a.header.Get("ETag")))
	if b.status != http.StatusNotModified {
		t.Errorf("with its tag: got %d", b.status)
	}
}

func TestATagMatchesWeaklyAndInALists(t *testing.T) {
	t.Parallel()
	for tags, want := range map[string]bool{
		`"a"`: true, `W/"a"`: true, `*`: true, `"b", "a"`: true, `"b",W/"a" `: true,
		`"b"`: false, ``: false, `a`: false, `w/"a"`: false, `"aa"`: false, `"b","c"`: false,
	} {
		if got := matches(tags, `"a"`); got != want {
			t.Errorf("%s: got %v, want %v", tags, got, want)
		}
	}
}

func TestWhatIsMissingIsInTheReasons(t *testing.T) {
	t.Parallel()
	schema := &auth.Error{Kind: auth.Unavailable, Code: "schema_mismatch"}
	clock := &auth.Error{Kind: auth.Unavailable, Code: "not_ready", Reasons: []string{"clock_skew", "no_key"}}
	for _, test := range []struct {
		err  error
		want []string
	}{
		{schema, []string{"schema_mismatch"}},
		{fmt.Errorf("check: %w", schema), []string{"schema_mismatch"}},
		{errors.Join(schema, fmt.Errorf("clock: %w", clock)), []string{"schema_mismatch", "clock_skew", "no_key"}},
		{auth.ErrUnavailable.Because(schema), []string{"temporarily_unavailable"}},
		{errors.New("dial tcp: SECRET"), []string{"internal_error"}},
		{context.DeadlineExceeded, []string{"temporarily_unavailable"}},
	} {
		handler, log := brokenHandler(t, broken{err: test.err})
		p := do(t, handler, get("/readyz")).problem(t, http.StatusServiceUnavailable, "not_ready")
		if diff := cmp.Diff(test.want, p.Reasons); diff != "" {
			t.Errorf("%v: reasons (-want +got):\n%s", test.err, diff)
		}
		if log.String() == "" {
			t.Errorf("%v: not in the log", test.err)
		}
	}
}

func TestADrainingServerIsAliveAndServesButIsNotReady(t *testing.T) { // H2
	t.Parallel()
	draining := false
	c := broken{}.config(new(logged).logger())
	c.Draining = func() bool { return draining }
	handler, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if a := do(t, handler, get("/readyz")); a.status != http.StatusOK {
		t.Errorf("before: got %d", a.status)
	}
	draining = true
	p := do(t, handler, get("/readyz")).problem(t, http.StatusServiceUnavailable, "not_ready")
	if diff := cmp.Diff([]string{"draining"}, p.Reasons); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	if a := do(t, handler, get("/livez")); a.status != http.StatusOK {
		t.Errorf("alive: got %d", a.status)
	}
	if a := do(t, handler, post("/logout", "").bearing("x")); a.status != http.StatusNoContent {
		t.Errorf("a request that comes all the same: got %d", a.status)
	}
}

func TestAProbeIsAnsweredThoughTheStoreHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := broken{}.config(new(logged).logger())
		c.Ready = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		handler, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		asked, recorder := time.Now(), httptest.NewRecorder()
		handler.ServeHTTP(recorder, get("/readyz").request(t))
		if took := time.Since(asked); recorder.Code != http.StatusServiceUnavailable || took != readyTime {
			t.Errorf("got %d after %v, want 503 after %v", recorder.Code, took, readyTime)
		}
	})
}

func TestBeforeTheStoreIsReachedEverythingCanBeAskedAgain(t *testing.T) { // G1
	t.Parallel()
	handler := mustNotYet(t, new(logged).logger(), time.Now, rand.Reader)
	for _, route := range (&api{}).routes() {
		c := call{method: route.method, path: route.pattern}
		a := do(t, handler, c)
		switch route.pattern {
		case "/livez":
			if a.status != http.StatusOK {
				t.Errorf("%s: got %d", route.pattern, a.status)
			}
		case "/readyz":
			a.problem(t, http.StatusServiceUnavailable, "not_ready")
		default:
			a.fails(t, c, http.StatusServiceUnavailable, "temporarily_unavailable")
		}
	}
	do(t, handler, get("/nowhere")).problem(t, http.StatusServiceUnavailable, "temporarily_unavailable")
	do(t, handler, post("/livez", "")).problem(t, http.StatusServiceUnavailable, "temporarily_unavailable")
	if a := do(t, handler, call{method: "HEAD", path: "/livez"}); a.status != http.StatusOK {
		t.Errorf("HEAD /livez: got %d", a.status)
	}
	do(t, handler, get("/livez?token=x")).problem(t, http.StatusBadRequest, "invalid_request")
}

func TestEveryMissingPartIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := New(Config{})
	if err == nil {
		t.Fatal("an empty configuration was accepted")
	}
	for _, name := range []string{"Accounts", "Sessions", "Keys", "JWKSMaxAge", "Contract", "Ready", "Logger", "Now", "Random"} {
		if !bytes.Contains([]byte(err.Error()), []byte(name)) {
			t.Errorf("%s is not reported: %v", name, err)
		}
	}
}

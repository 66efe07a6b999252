package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

func TestEveryKindHasAMeaning(t *testing.T) {
	t.Parallel()
	for kind := auth.Internal; kind <= auth.Unavailable; kind++ {
		m, known := meanings[kind]
		if !known || m.status < 400 || m.status > 599 || m.title == "" {
			t.Errorf("kind %d: %+v", kind, m)
		}
	}
}

func TestEveryKindHasAMeaningForOAuth(t *testing.T) {
	t.Parallel()
	for kind := auth.Internal; kind <= auth.Unavailable; kind++ {
		recorder := httptest.NewRecorder()
		err := &auth.Error{Kind: kind, Code: "not_found", Public: "It is \"so\" \\ ü."}
		writeError(&exchange{ResponseWriter: recorder, id: "id", oauth: true}, httptest.NewRequest("POST", "/oauth/token", nil), err)
		mustContract(t).checkError(t, fmt.Sprintf("kind %d", kind), "OAuthError", recorder.Body.Bytes())
		if got, want := recorder.Code, meanings[kind].status; got != want && (got != http.StatusBadRequest || want > http.StatusForbidden) {
			t.Errorf("kind %d: got %d, elsewhere %d", kind, got, want)
		}
		if (recorder.Code == http.StatusUnauthorized) != (recorder.Header().Get("WWW-Authenticate") == basicChallenge) {
			t.Errorf("kind %d: %d with %v", kind, recorder.Code, recorder.Header())
		}
	}
}

func TestErrorsBecomeAnswers(t *testing.T) {
	t.Parallel()
	throttled := &auth.Error{Kind: auth.Throttled, Code: "too_many_attempts", Public: "Later.", RetryAfter: 90 * time.Second}
	for _, test := range []struct {
		name   string
		err    error
		status int
		code   string
		header map[string]string
	}{
		{"unknown", errors.New("pq: relation users"), 500, "internal_error", nil},
		{"the zero error", &auth.Error{}, 500, "internal_error", nil},
		{"a kind from the future", &auth.Error{Kind: 99, Code: "x", Public: "x"}, 500, "internal_error", nil},
		{"wrapped", fmt.Errorf("register: %w", accounts.ErrUsernameTaken), 409, "username_taken", nil},
		{"credentials", accounts.ErrInvalidCredentials, 401, "invalid_credentials",
			map[string]string{"WWW-Authenticate": `Bearer realm="authd"`}},
		{"grant", tokens.ErrRefreshTokenReused, 401, "refresh_token_reused",
			map[string]string{"WWW-Authenticate": `Bearer realm="authd"`}},
		{"throttled", throttled, 429, "too_many_attempts", map[string]string{"Retry-After": "90"}},
		{"unavailable", auth.ErrUnavailable, 503, "temporarily_unavailable", map[string]string{"Retry-After": "1"}},
		{"a conflict of writes keeps its name to itself", tokens.ErrWriteConflict, 503, "temporarily_unavailable",
			map[string]string{"Retry-After": "1"}},
		{"hung up", fmt.Errorf("load: %w", context.Canceled), 503, "temporarily_unavailable",
			map[string]string{"Retry-After": "1"}},
		{"too late", context.DeadlineExceeded, 503, "temporarily_unavailable", map[string]string{"Retry-After": "1"}},
	} {
		a := written(test.err, httptest.NewRequest("POST", "/", nil))
		a.problem(t, test.status, test.code)
		for name, want := range test.header {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %s: got %q, want %q", test.name, name, got, want)
			}
		}
		if got := a.header.Get("Cache-Control"); got != "no-store" { // F21
			t.Errorf("%s: Cache-Control: got %q", test.name, got)
		}
	}
}

func TestAnErrorTakesBackWhatItsHandlerSaidOfCaching(t *testing.T) {
	t.Parallel()
	recorder := httptest.NewRecorder()
	recorder.Header().Set("Cache-Control", "public, max-age=300")
	recorder.Header().Set("ETag", `"a"`)
	writeError(&exchange{ResponseWriter: recorder, id: "id"}, httptest.NewRequest("GET", "/", nil), auth.ErrUnavailable)
	if got := recorder.Header(); got.Get("Cache-Control") != "no-store" || got.Get("ETag") != "" {
		t.Errorf("got %v", got)
	}
}

func TestAnErrorTellsOnlyWhatIsPublic(t *testing.T) { // F22
	t.Parallel()
	for _, err := range []error{
		errors.New("SECRET"),
		auth.ErrUnavailable.Because(errors.New("dial tcp 10.0.0.1: SECRET")),
		accounts.ErrInvalidCredentials.Because(errors.New("SECRET")),
		&auth.Error{Code: "SECRET", Public: "SECRET", Pointer: "/SECRET", Reasons: []string{"SECRET"}},
		&auth.Error{Kind: auth.Unavailable, Code: "SECRET", Pointer: "/SECRET", Reasons: []string{"SECRET"}},
	} {
		a := written(err, httptest.NewRequest("POST", "/", nil))
		if strings.Contains(string(a.body)+fmt.Sprint(a.header), "SECRET") {
			t.Errorf("%v: got %v %s", err, a.header, a.body)
		}
	}
}

func TestTheWholeProblem(t *testing.T) {
	t.Parallel()
	err := &auth.Error{Kind: auth.InvalidToken, Code: "invalid_token", Public: `It is "dead" \ gone.`}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer x")
	a := written(err, r)
	want := problem{Type: "about:blank", Title: "Unauthorized", Status: 401, Detail: `It is "dead" \ gone.`,
		Code: "invalid_token", RequestID: "id", Error: "invalid_token", ErrorDescription: "It is dead  gone."}
	if diff := cmp.Diff(want, a.problem(t, 401, "invalid_token")); diff != "" {
		t.Errorf("problem (-want +got):\n%s", diff)
	}
	wantChallenge := `Bearer realm="authd", error="invalid_token", error_description="It is dead  gone."`
	if got := a.header.Get("WWW-Authenticate"); got != wantChallenge {
		t.Errorf("got %q, want %q", got, wantChallenge)
	}
}

func TestAWaitIsRoundedUp(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]string{
		-time.Second: "1", 0: "1", 1: "1", time.Second: "1", time.Second + 1: "2", 90 * time.Minute: "5400"} {
		if got := wholeSeconds(wait); got != want {
			t.Errorf("%v: got %s, want %s", wait, got, want)
		}
	}
}

func TestAPointerThatCannotBeShownIsLeftOut(t *testing.T) {
	t.Parallel()
	for pointer, want := range map[string]string{"/a": "/a", "/" + strings.Repeat("a", 128): "", "/\xff": ""} {
		if got := showable(pointer); got != want {
			t.Errorf("%q: got %q, want %q", pointer, got, want)
		}
	}
}

func TestEveryOperationAnswersWhenItsServicesFail(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		broken broken
		status int
		code   string
	}{
		{broken{err: errors.New("disk on fire")}, 500, "internal_error"},
		{broken{thrown: "disk on fire"}, 500, "internal_error"},
		{broken{err: auth.ErrUnavailable}, 503, "temporarily_unavailable"},
	} {
		handler, _ := brokenHandler(t, test.broken)
		for _, taker := range takers {
			do(t, handler, taker.sent(taker.good)).problem(t, test.status, test.code)
		}
		for _, c := range []call{get("/me"), get("/sessions"), del("/sessions/" + someSession)} {
			do(t, handler, c.bearing("x")).problem(t, test.status, test.code)
		}
	}
	handler, _ := brokenHandler(t, broken{thrown: "no keys"})
	a := do(t, handler, get("/.well-known/jwks.json"))
	a.problem(t, http.StatusInternalServerError, "internal_error")
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("ETag") != "" {
		t.Errorf("a fault may be cached: %v", a.header)
	}
}

// written returns what writeError makes of err.
func written(err error, r *http.Request) answer {
	recorder := httptest.NewRecorder()
	writeError(&exchange{ResponseWriter: recorder, id: "id"}, r, err)
	return answer{recorder.Code, recorder.Header(), recorder.Body.Bytes()}
}

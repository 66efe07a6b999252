package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/accounts"
)

func TestAUserSignsUpAndIsKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var made account
	do(t, w, post("/register", `{"username":"Ada@Example.COM","password":"`+goodPassword+`"}`)).
		into(t, http.StatusCreated, &made)
	if got, want := made.Username, "ada@example.com"; got != want {
		t.Errorf("username: got %q, want %q", got, want)
	}
	p := w.login(t, "ADA@example.com")
	var got self
	do(t, w, get("/me").bearing(p.AccessToken)).into(t, http.StatusOK, &got)
	want := self{ID: made.ID, Username: made.Username, Roles: []string{}, CreatedAt: made.CreatedAt, SessionID: p.SessionID}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("me (-want +got):\n%s", diff)
	}
}

func TestRegistrationIsRefusedWithAReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	for _, test := range []struct {
		name, body    string
		status        int
		code, pointer string
		reasons       []string
	}{
		{"taken", `{"username":"ada","password":"` + goodPassword + `"}`, 409, "username_taken", "/username", nil},
		{"taken in another case", `{"username":"ADA","password":"` + goodPassword + `"}`, 409, "username_taken", "/username", nil},
		{"short", `{"username":"bob","password":"x y"}`, 422, "weak_password", "/password", []string{"too_short"}},
		{"empty", `{"username":"bob","password":""}`, 422, "weak_password", "/password", []string{"too_short"}},
		{"long", `{"username":"bob","password":"` + strings.Repeat("ab", 129) + `"}`, 422, "weak_password", "/password",
			[]string{"too_long"}},
		{"E3 NUL", `{"username":"bob","password":"abc\u0000defgh"}`, 422, "weak_password", "/password",
			[]string{"control_character"}},
		{"no name", `{"username":"","password":"` + goodPassword + `"}`, 400, "username_invalid", "/username", nil},
		{"a space in the name", `{"username":"a b","password":"` + goodPassword + `"}`, 400, "username_invalid", "/username", nil},
		{"F25 an escape in the name", `{"username":"a\u001b[31m","password":"` + goodPassword + `"}`, 400, "username_invalid",
			"/username", nil},
		{"a long name", `{"username":"` + strings.Repeat("a", 129) + `","password":"` + goodPassword + `"}`, 400,
			"username_invalid", "/username", nil},
		{"a name as long as a body", `{"username":"` + strings.Repeat("a", 16000) + `","password":"x"}`, 400,
			"username_invalid", "/username", nil},
	} {
		w.wantNoWrite(t, test.name, func() {
			p := do(t, w, post("/register", test.body)).problem(t, test.status, test.code)
			if p.Pointer != test.pointer {
				t.Errorf("%s: pointer: got %q, want %q", test.name, p.Pointer, test.pointer)
			}
			if diff := cmp.Diff(test.reasons, p.Reasons); diff != "" {
				t.Errorf("%s: reasons (-want +got):\n%s", test.name, diff)
			}
		})
	}
}

func TestAClosedRegistrationMakesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *accounts.Config) { c.Closed = true })
	w.wantNoWrite(t, "closed", func() {
		do(t, w, post("/register", takers[0].good)).problem(t, http.StatusForbidden, "registration_closed")
	})
}

func TestAnAccessTokenIsGoodUntilItExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.session(t, "ada")
	w.pass(testAccessTTL - time.Minute)
	if !w.alive(t, p) {
		t.Error("refused a minute before its end")
	}
	w.pass(time.Minute)
	a := do(t, w, get("/me").bearing(p.AccessToken))
	a.problem(t, http.StatusUnauthorized, "invalid_token")
	if got := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, `Bearer realm="authd", error="invalid_token", error_description="`) {
		t.Errorf("WWW-Authenticate: got %q", got)
	}
}

func TestATokenWhoseUserIsGoneIsDead(t *testing.T) {
	t.Parallel()
	c := broken{}.config(new(logged).logger())
	c.Accounts = broken{err: accounts.ErrUserNotFound}
	handler, err := New(c)
	must(t, err)
	do(t, handler, get("/me").bearing("x")).problem(t, http.StatusUnauthorized, "invalid_token")
}

func TestTimesAreInUTCToTheMicrosecond(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 15, 27, 6, 120_456_789, time.FixedZone("CET", 3600))
	if got, want := timestamp(at), "2026-11-22T14:27:06.120456Z"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

package api

import (
	"net/http"
	"testing"
	"time"

	"github.com/authd/authd/internal/accounts"
)

// limited makes a world in which failures are counted.
func limited(limits accounts.Limits) func(*accounts.Config) {
	return func(c *accounts.Config) {
		c.Limits, c.CounterKey = limits, func() ([]byte, error) { return make([]byte, 32), nil }
	}
}

// tooMany checks a refusal with its fields.
func (a answer) tooMany(t testing.TB, retryAfter, policy, limit string) {
	t.Helper()
	a.problem(t, http.StatusTooManyRequests, "too_many_attempts")
	for name, want := range map[string]string{"Retry-After": retryAfter, "RateLimit-Policy": policy, "RateLimit": limit} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// E17: the right password is refused as well, on whatever route, and says when to come back. E8: until then
// a 401 says nothing of what is counted.
func TestE17AfterTooManyFailuresEveryRouteThatAsksForAPasswordSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limited(accounts.Limits{Account: 3}))
	mine := w.session(t, "ada")
	for _, wrong := range []call{
		post("/login", `{"username":"ADA","password":"wrong"}`), changing(mine, "wrong", nextPassword), deleting(mine, "wrong"),
	} {
		a := do(t, w, wrong)
		a.problem(t, http.StatusUnauthorized, "invalid_credentials")
		for _, field := range []string{"Retry-After", "RateLimit", "RateLimit-Policy"} {
			if got := a.header.Get(field); got != "" {
				t.Errorf("a 401 says %s: %s", field, got)
			}
		}
	}
	for _, right := range []call{
		post("/login", `{"username":"ada","password":"`+goodPassword+`"}`), changing(mine, goodPassword, nextPassword), deleting(mine, goodPassword),
	} {
		do(t, w, right).tooMany(t, "30", `"account";q=3`, `"account";r=0;t=30`)
	}
	if !w.alive(t, mine) || w.refresh(t, mine.RefreshToken).status != http.StatusOK {
		t.Error("a refusal reaches further than passwords")
	}
	for range 3 { // nobody is refused as somebody is
		w.loginAs(t, "nobody").problem(t, http.StatusUnauthorized, "invalid_credentials")
	}
	w.loginAs(t, "nobody").tooMany(t, "30", `"account";q=3`, `"account";r=0;t=30`)
	w.pass(30 * time.Second)
	w.login(t, "ada")
	w.loginAs(t, "ada").problem(t, http.StatusUnauthorized, "invalid_credentials")
}

func deleting(p pair, password string) call {
	return post("/me/delete", `{"password":"`+password+`"}`).bearing(p.AccessToken)
}

func (w *world) loginAs(t testing.TB, name string) answer {
	t.Helper()
	return do(t, w, post("/login", `{"username":"`+name+`","password":"wrong"}`))
}

// Registrations tell who has an account, and cost a hash; reset tokens can be guessed at.
func TestRegistrationsAndRefusedResetTokensCountAtTheirSource(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limited(accounts.Limits{Source: 4}))
	w.register(t, "ada")
	register := post("/register", `{"username":"ada","password":"`+goodPassword+`"}`)
	do(t, w, register).problem(t, http.StatusConflict, "username_taken")
	do(t, w, post("/register", `{"username":"a b","password":"`+goodPassword+`"}`)).problem(t, http.StatusBadRequest, "username_invalid")
	w.loginAs(t, "nobody").problem(t, http.StatusUnauthorized, "invalid_credentials")
	wrong := resetting("apr_x", nextPassword)
	do(t, w, wrong).problem(t, http.StatusUnauthorized, "reset_token_invalid")
	for _, refused := range []call{register, wrong, post("/login", `{"username":"ada","password":"`+goodPassword+`"}`)} {
		do(t, w, refused).tooMany(t, "15", `"source";q=4;w=60`, `"source";r=0;t=15`)
	}
	user, err := w.users.Find(t.Context(), "ada")
	must(t, err)
	token, _, err := w.users.IssueReset(t.Context(), user.ID, byOperator)
	must(t, err)
	if a := do(t, w, resetting(token.Reveal(), nextPassword)); a.status != http.StatusNoContent {
		t.Errorf("a good token at a source that is used up: got %d", a.status)
	}
	w.pass(15 * time.Second)
	if a := w.loginWith(t, nextPassword); a.status != http.StatusOK {
		t.Errorf("after a quarter of a minute: got %d", a.status)
	}
	w.loginAs(t, "nobody").problem(t, http.StatusUnauthorized, "invalid_credentials")
	for range 3 { // ada has signed in from here: others at her address do not keep her out
		if a := w.loginWith(t, nextPassword); a.status != http.StatusOK {
			t.Errorf("at a known address: got %d", a.status)
		}
	}
	do(t, w, register).problem(t, http.StatusTooManyRequests, "too_many_attempts")
}

package api

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/password"
	"github.com/authd/authd/internal/tokens"
)

// stuck is a hasher whose workers never finish, once they are told so.
type stuck struct {
	accounts.Hasher
	begun chan struct{} // nil: works
	full  bool          // and nobody else may wait
}

func (s *stuck) Verify(ctx context.Context, a password.Attempt) (password.Result, error) {
	switch {
	case s.full:
		return password.Result{}, &password.BusyError{RetryAfter: 7 * time.Second}
	case s.begun != nil:
		s.begun <- struct{}{}
		<-ctx.Done()
		return password.Result{}, ctx.Err()
	}
	return s.Hasher.Verify(ctx, a)
}

// E12: in a storm of logins whoever is signed in notices nothing, and who cannot be served hears at once
// when to come back.
func TestE12WhoIsSignedInDoesNotWaitBehindLogins(t *testing.T) {
	t.Parallel()
	var hasher stuck
	w := newWorld(t, func(c *accounts.Config) { hasher.Hasher, c.Hasher = c.Hasher, &hasher })
	first := w.session(t, "ada")
	hasher.begun = make(chan struct{})
	ctx, hangUp := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = w.users.Login(ctx, accounts.Login{Username: "ada", Password: goodPassword})
	}()
	<-hasher.begun // and from here on no worker is free
	var second pair
	w.refresh(t, first.RefreshToken).into(t, http.StatusOK, &second)
	for _, c := range []call{get("/.well-known/jwks.json"), get("/me").bearing(second.AccessToken), post("/logout", "").bearing(second.AccessToken)} {
		if a := do(t, w, c); a.status >= 300 {
			t.Errorf("%s %s: got %d %s", c.method, c.path, a.status, a.body)
		}
	}
	hangUp()
	<-ended
	hasher.full = true
	a := do(t, w, post("/login", `{"username":"ada","password":"`+goodPassword+`"}`))
	a.problem(t, http.StatusServiceUnavailable, "temporarily_unavailable")
	if got := a.header.Get("Retry-After"); got != "7" {
		t.Errorf("Retry-After: got %q, want 7", got)
	}
}

// E20: an open registration tells who has an account, as every one does. A closed one tells nobody.
func TestE20AClosedRegistrationDoesNotTellWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *accounts.Config) { c.Closed = true })
	if _, err := w.users.Create(t.Context(), "ada", goodPassword, tokens.Origin{}); err != nil {
		t.Fatal(err)
	}
	register := func(name, password string) answer {
		a := do(t, w, post("/register", `{"username":"`+name+`","password":"`+password+`"}`).with("X-Request-Id", "same"))
		a.problem(t, http.StatusForbidden, "registration_closed")
		return a
	}
	want := register("ada", goodPassword)
	for _, other := range [][2]string{{"bob", goodPassword}, {"ADA", goodPassword}, {"a b", goodPassword}, {"ada", "x"}, {"bob", "x"}} {
		got := register(other[0], other[1])
		if diff := cmp.Diff(string(want.body), string(got.body)) + cmp.Diff(want.header, got.header); diff != "" {
			t.Errorf("%q: (-want +got):\n%s", other, diff)
		}
	}
}

// F6: depth, width and numbers cost what their bytes do: a body is never made into anything first. Counted
// as what is asked of memory, for the worst of them; alone, so that nobody else's counts.
func TestF6ABadBodyMakesNothingOfWhatItHolds(t *testing.T) {
	for _, bad := range badBodies {
		text := []byte(bad.spoil(takers[1].good, "device"))
		var err error
		if n := testing.AllocsPerRun(10, func() { err = parse(text, new(credentials)) }); err == nil || n > 64 {
			t.Errorf("%s: %.0f allocations, and %v", bad.name, n, err)
		}
	}
}

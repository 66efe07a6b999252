package api

import (
	"net/http"
	"testing"
	"time"
)

func TestALogoutEndsWhatItsScopeSays(t *testing.T) { // C1
	t.Parallel()
	for _, test := range []struct {
		scope                string
		ownLives, otherLives bool
	}{
		{``, false, true},
		{`,"scope":"session"`, false, true},
		{`,"scope":"others"`, true, false},
		{`,"scope":"all"`, false, false},
	} {
		w := newWorld(t)
		own, other := w.session(t, "ada"), w.login(t, "ada")
		stranger := w.session(t, "bob")
		a := do(t, w, post("/logout", `{"refresh_token":"`+own.RefreshToken+`"`+test.scope+`}`))
		if a.status != http.StatusNoContent {
			t.Fatalf("%s: got %d %s", test.scope, a.status, a.body)
		}
		got := []bool{w.alive(t, own), w.alive(t, other), w.alive(t, stranger)}
		want := []bool{test.ownLives, test.otherLives, true}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: own, other, stranger live: got %v, want %v", test.scope, got, want)
				break
			}
		}
		if status := w.refresh(t, own.RefreshToken).status; (status == http.StatusOK) != test.ownLives {
			t.Errorf("%s: refresh of its own: got %d", test.scope, status)
		}
	}
}

func TestALogoutOfOneSessionAsksForLittle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	var next pair
	for what, logOut := range map[string]func(p pair) call{
		"access token":        func(p pair) call { return post("/logout", "").bearing(p.AccessToken) },
		"access token and {}": func(p pair) call { return post("/logout", "{}").bearing(p.AccessToken) },
		"refresh token":       func(p pair) call { return post("/logout", `{"refresh_token":"`+p.RefreshToken+`"}`) },
		"both": func(p pair) call {
			return post("/logout", `{"refresh_token":"`+p.RefreshToken+`"}`).bearing(p.AccessToken)
		},
		"an expired one": func(p pair) call { w.pass(testAccessTTL); return post("/logout", "").bearing(p.AccessToken) },
		"an older refresh token": func(p pair) call {
			w.refresh(t, p.RefreshToken).into(t, http.StatusOK, &next)
			w.pass(testWindow + time.Second)
			return post("/logout", `{"refresh_token":"`+p.RefreshToken+`"}`)
		},
	} {
		p := w.login(t, "ada")
		c := logOut(p)
		for _, again := range []string{"first", "second"} {
			if a := do(t, w, c); a.status != http.StatusNoContent {
				t.Errorf("%s, %s time: got %d %s", what, again, a.status, a.body)
			}
		}
		w.refresh(t, p.RefreshToken).problem(t, http.StatusUnauthorized, "session_revoked")
	}
}

func TestALogoutOfMoreThanOneSessionAsksForALiveToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register(t, "ada")
	for _, scope := range []string{"others", "all"} {
		witness := w.login(t, "ada")

		gone := w.login(t, "ada")
		do(t, w, post("/logout", "").bearing(gone.AccessToken))
		do(t, w, post("/logout", `{"scope":"`+scope+`"}`).bearing(gone.AccessToken)).
			problem(t, http.StatusUnauthorized, "invalid_token")
		do(t, w, post("/logout", `{"scope":"`+scope+`","refresh_token":"`+gone.RefreshToken+`"}`)).
			problem(t, http.StatusUnauthorized, "session_revoked")

		stolen := w.login(t, "ada")
		w.refresh(t, stolen.RefreshToken)
		w.pass(testWindow + time.Second)
		do(t, w, post("/logout", `{"scope":"`+scope+`","refresh_token":"`+stolen.RefreshToken+`"}`)).
			problem(t, http.StatusUnauthorized, "refresh_token_reused")

		if !w.alive(t, witness) {
			t.Errorf("%s: a token that may not ended another session", scope)
		}
	}
}

func TestTwoTokensOfTwoSessionsAreRefused(t *testing.T) { // F11
	t.Parallel()
	w := newWorld(t)
	one, two := w.session(t, "ada"), w.login(t, "ada")
	w.wantNoWrite(t, "two sessions", func() {
		do(t, w, post("/logout", `{"refresh_token":"`+one.RefreshToken+`"}`).bearing(two.AccessToken)).
			problem(t, http.StatusBadRequest, "invalid_request")
	})
}

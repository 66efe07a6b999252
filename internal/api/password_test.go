package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/tokens"
)

const nextPassword = "another horse battery"

var byOperator = tokens.Origin{Actor: audit.Admin}

func changing(p pair, current, next string) call {
	return post("/password", fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, current, next)).bearing(p.AccessToken)
}

func resetting(token, next string) call {
	return post("/password/reset", fmt.Sprintf(`{"token":%q,"new_password":%q}`, token, next))
}

// loginWith is the answer to a login of ada.
func (w *world) loginWith(t testing.TB, password string) answer {
	t.Helper()
	return do(t, w, post("/login", `{"username":"ada","password":"`+password+`"}`))
}

// wantDead says that nothing of a session works any more.
func (w *world) wantDead(t testing.TB, what string, p pair, code string) {
	t.Helper()
	if w.alive(t, p) {
		t.Errorf("%s: the access token is live", what)
	}
	w.refresh(t, p.RefreshToken).problem(t, http.StatusUnauthorized, code)
}

func TestC7AChangedPasswordEndsEverySessionAndOpensANewOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine := w.session(t, "ada")
	other := w.login(t, "ada")
	var fresh pair
	do(t, w, changing(mine, goodPassword, nextPassword)).into(t, http.StatusOK, &fresh)
	w.wantDead(t, "the session that asked", mine, "session_revoked")
	w.wantDead(t, "another session", other, "session_revoked")
	if fresh.SessionID == mine.SessionID || !w.alive(t, fresh) || w.refresh(t, fresh.RefreshToken).status != http.StatusOK {
		t.Errorf("the new session does not work: %+v", fresh)
	}
	if list := w.sessions(t, fresh); len(list) != 1 || !list[0].Current {
		t.Errorf("got %+v, want the new session alone", list)
	}
	w.loginWith(t, goodPassword).problem(t, http.StatusUnauthorized, "invalid_credentials")
	if a := w.loginWith(t, nextPassword); a.status != http.StatusOK {
		t.Errorf("the new password: got %d", a.status)
	}
}

func TestE21APasswordIsNotChangedWithoutTheOldOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.session(t, "ada")
	for _, wrong := range []string{"", goodPassword + " ", "wrong", strings.Repeat("x", 10000)} {
		w.wantNoWrite(t, "a wrong password", func() {
			a := do(t, w, changing(p, wrong, nextPassword))
			if got := a.problem(t, http.StatusUnauthorized, "invalid_credentials"); got.Error != "invalid_grant" {
				t.Errorf("got %s", a.body)
			}
			a = do(t, w, post("/me/delete", fmt.Sprintf(`{"password":%q}`, wrong)).bearing(p.AccessToken))
			a.problem(t, http.StatusUnauthorized, "invalid_credentials")
			if got, want := a.header.Get("WWW-Authenticate"), `Bearer realm="authd"`; got != want {
				t.Errorf("WWW-Authenticate: got %q, want %q: the token is good", got, want)
			}
		})
	}
	if !w.alive(t, p) || w.loginWith(t, goodPassword).status != http.StatusOK {
		t.Error("something changed")
	}
}

func TestANewPasswordIsHeldToTheRulesByEveryRoute(t *testing.T) { // E18
	t.Parallel()
	w := newWorld(t)
	p := w.session(t, "margarethe")
	token := w.resetOf(t, "margarethe")
	for next, reason := range map[string]string{"short": "too_short", "12345678": "common", "margarethe1": "contains_username"} {
		w.wantNoWrite(t, next, func() {
			for _, c := range []call{changing(p, goodPassword, next), resetting(token, next)} {
				got := do(t, w, c).problem(t, http.StatusUnprocessableEntity, "weak_password")
				if got.Pointer != "/new_password" || len(got.Reasons) != 1 || got.Reasons[0] != reason {
					t.Errorf("%s with %s: got %+v", c.path, next, got)
				}
			}
		})
	}
	if a := do(t, w, resetting(token, nextPassword)); a.status != http.StatusNoContent {
		t.Errorf("the token after three refusals: got %d %s", a.status, a.body)
	}
}

// resetOf has an operator make a token.
func (w *world) resetOf(t testing.TB, name string) string {
	t.Helper()
	user, err := w.users.Find(t.Context(), name)
	must(t, err)
	token, _, err := w.users.IssueReset(t.Context(), user.ID, byOperator)
	must(t, err)
	return token.Reveal()
}

func TestAResetTokenSetsAPasswordOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.session(t, "ada")
	token := w.resetOf(t, "ada")
	if !w.alive(t, p) || w.loginWith(t, goodPassword).status != http.StatusOK {
		t.Error("a token that nobody has spent changed something")
	}
	if a := do(t, w, resetting(token, nextPassword)); a.status != http.StatusNoContent {
		t.Fatalf("got %d %s", a.status, a.body)
	}
	w.wantDead(t, "a session from before", p, "session_revoked")
	w.loginWith(t, goodPassword).problem(t, http.StatusUnauthorized, "invalid_credentials")
	do(t, w, resetting(token, "a third horse battery")).problem(t, http.StatusUnauthorized, "reset_token_invalid")
	if a := w.loginWith(t, nextPassword); a.status != http.StatusOK {
		t.Errorf("got %d %s", a.status, a.body)
	}
}

func TestEveryResetTokenThatOpensNothingGetsTheSameBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.session(t, "ada")
	try := func(token string) answer {
		a := do(t, w, resetting(token, nextPassword).with("X-Request-Id", "same"))
		if p := a.problem(t, http.StatusUnauthorized, "reset_token_invalid"); p.Error != "invalid_grant" {
			t.Errorf("got %s", a.body)
		}
		return a
	}
	want := try("apr_x")
	replaced := w.resetOf(t, "ada")
	outdated := w.resetOf(t, "ada")
	user, err := w.users.Find(t.Context(), "ada")
	must(t, err)
	must(t, w.users.Revoke(t.Context(), user.ID, byOperator))
	expired := w.resetOf(t, "ada")
	w.pass(30 * time.Minute)
	shown := map[string]string{"replaced": replaced, "of an epoch that is over": outdated, "expired": expired,
		"empty": "", "a refresh token": w.login(t, "ada").RefreshToken}
	for what, token := range spoiled(expired) {
		shown[what] = strings.ReplaceAll(token, `\n`, "\n")
	}
	for what, token := range shown {
		w.wantNoWrite(t, what, func() {
			got := try(token)
			if diff := cmp.Diff(want.header, got.header); diff != "" || string(got.body) != string(want.body) {
				t.Errorf("%s: got %s (-want +got):\n%s", what, got.body, diff)
			}
		})
	}
	if w.loginWith(t, goodPassword).status != http.StatusOK {
		t.Error("the password was changed")
	}
}

func TestADeletedAccountIsGoneWithItsTokens(t *testing.T) { // B20
	t.Parallel()
	w := newWorld(t)
	p := w.session(t, "ada")
	other := w.login(t, "ada")
	token := w.resetOf(t, "ada")
	a := do(t, w, post("/me/delete", `{"password":"`+goodPassword+`"}`).bearing(p.AccessToken))
	if a.status != http.StatusNoContent {
		t.Fatalf("got %d %s", a.status, a.body)
	}
	w.wantDead(t, "the session that asked", p, "refresh_token_invalid")
	w.wantDead(t, "another session", other, "refresh_token_invalid")
	w.loginWith(t, goodPassword).problem(t, http.StatusUnauthorized, "invalid_credentials")
	do(t, w, resetting(token, nextPassword)).problem(t, http.StatusUnauthorized, "reset_token_invalid")
	for _, c := range []call{get("/sessions").bearing(p.AccessToken), del("/sessions/" + other.SessionID).bearing(p.AccessToken),
		changing(p, goodPassword, nextPassword),
		post("/me/delete", `{"password":"`+goodPassword+`"}`).bearing(other.AccessToken)} {
		do(t, w, c).problem(t, http.StatusUnauthorized, "invalid_token")
	}
	w.session(t, "ada") // the name is free
	if w.alive(t, p) {
		t.Error("a token of the account before speaks for the one after")
	}
}

package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func patch(path, body string) call { return call{method: http.MethodPatch, path: path, body: body} }

// operate does what an operator asks, and wants the status.
func (w *world) operate(t testing.TB, c call, status int) answer {
	t.Helper()
	a := do(t, w.operators, c.byOperator())
	if a.status != status {
		t.Fatalf("%s %s: got %d %s, want %d", c.method, c.path, a.status, a.body, status)
	}
	return a
}

// create makes a user by the admin listener.
func (w *world) create(t testing.TB, name string) (u user) {
	t.Helper()
	w.operate(t, post("/admin/users", `{"username":"`+name+`","password":"`+goodPassword+`"}`), 201).into(t, 201, &u)
	return u
}

func TestAnOperatorMakesAUserWithRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var made, shown user
	body := `{"username":"Ada@Example.COM","password":"` + goodPassword + `","roles":["editor","on-call"]}`
	w.operate(t, post("/admin/users", body), 201).into(t, 201, &made)
	want := user{ID: made.ID, Username: "ada@example.com", Roles: []string{"editor", "on-call"}, CreatedAt: made.CreatedAt}
	w.operate(t, get("/admin/users/"+made.ID), 200).into(t, 200, &shown)
	for _, got := range []user{made, shown} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("user (-want +got):\n%s", diff)
		}
	}
	if p := w.login(t, "ada@example.com"); !w.alive(t, p) {
		t.Error("the user cannot sign in")
	}
	do(t, w.operators, post("/admin/users", body).byOperator()).problem(t, http.StatusConflict, "username_taken")
	weak := do(t, w.operators, post("/admin/users", `{"username":"bob","password":"bob"}`).byOperator()).
		problem(t, http.StatusUnprocessableEntity, "weak_password")
	if weak.Pointer != "/password" || len(weak.Reasons) == 0 {
		t.Errorf("a weak password: got pointer %q, reasons %q", weak.Pointer, weak.Reasons)
	}
	do(t, w.operators, post("/admin/users", `{"username":"a b","password":"`+goodPassword+`"}`).byOperator()).
		problem(t, http.StatusBadRequest, "username_invalid")
	for _, roles := range []string{`[""]`, `["a b"]`, `["a","a"]`, `["` + strings.Repeat("a", 65) + `"]`, `["\u001b[31m"]`, `["ä"]`} {
		body := `{"username":"bob","password":"` + goodPassword + `","roles":` + roles + `}`
		p := do(t, w.operators, post("/admin/users", body).byOperator()).problem(t, http.StatusBadRequest, "invalid_request")
		if p.Pointer != "/roles" {
			t.Errorf("%s: pointer: got %q", roles, p.Pointer)
		}
	}
}

// C8
func TestADisabledUsersTokensStayDead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.create(t, "ada")
	p := w.login(t, "ada")
	var u user
	for range 2 { // the second time it is so already
		w.operate(t, patch("/admin/users/"+ada.ID, `{"disabled":true}`), 200).into(t, 200, &u)
		if !u.Disabled || u.DisabledAt == "" || u.Epoch != 1 {
			t.Errorf("disabled: got %+v", u)
		}
	}
	login := post("/login", `{"username":"ada","password":"`+goodPassword+`"}`)
	do(t, w, login).problem(t, http.StatusUnauthorized, "invalid_credentials")
	w.refresh(t, p.RefreshToken).problem(t, http.StatusUnauthorized, "session_revoked")
	u = user{}
	w.operate(t, patch("/admin/users/"+ada.ID, `{"disabled":false}`), 200).into(t, 200, &u)
	if u.Disabled || u.DisabledAt != "" || u.Epoch != 1 {
		t.Errorf("enabled: got %+v", u)
	}
	if w.alive(t, p) {
		t.Error("a token of before the disabling lives again")
	}
	if !w.alive(t, w.login(t, "ada")) {
		t.Error("an enabled user cannot sign in")
	}
}

func TestAChangeIsMadeWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.create(t, "ada")
	p := w.login(t, "ada")
	for body, want := range map[string]struct {
		status int
		code   string
	}{
		`{"disabled":true,"roles":["a"],"password":"x"}`:                          {422, "weak_password"},
		`{"disabled":true,"roles":["a b"],"password":"` + goodPassword + `"}`:     {400, "invalid_request"},
		`{"disabled":true,"roles":["a"],"password":"` + goodPassword + `","x":1}`: {400, "invalid_request"},
		`{"roles":["a"],"disabled":"yes"}`:                                        {400, "invalid_request"},
		`{}`:                                                                      {400, "invalid_request"},
	} {
		w.wantNoWrite(t, body, func() {
			do(t, w.operators, patch("/admin/users/"+ada.ID, body).byOperator()).problem(t, want.status, want.code)
		})
	}
	if !w.alive(t, p) {
		t.Error("a change that was refused ended a session")
	}
	before := w.store.writes.Load()
	var u user
	w.operate(t, patch("/admin/users/"+ada.ID, `{"disabled":true,"roles":["a"],"password":"another good one"}`), 200).into(t, 200, &u)
	if got := w.store.writes.Load() - before; got != 1 {
		t.Errorf("made in %d transactions, want one", got)
	}
	want := user{ID: ada.ID, Username: "ada", Roles: []string{"a"}, Epoch: 1, Disabled: true, DisabledAt: u.DisabledAt, CreatedAt: ada.CreatedAt}
	if diff := cmp.Diff(want, u); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}
	var events eventPage
	w.operate(t, get("/admin/audit?user="+ada.ID+"&limit=4"), 200).into(t, 200, &events)
	if got, want := namesOf(events), "sessions.ended:disabled user.password_set user.roles_set user.disabled"; got != want {
		t.Errorf("events, the newest first: got %s, want %s", got, want)
	}
	w.operate(t, patch("/admin/users/"+ada.ID, `{"roles":[]}`), 200).into(t, 200, &u)
	if len(u.Roles) != 0 {
		t.Errorf("no roles: got %q", u.Roles)
	}
}

func namesOf(page eventPage) string {
	var names []string
	for _, e := range page.Events {
		name := e.Name
		if e.Reason != "" {
			name += ":" + e.Reason
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func TestARevokedUserHasToSignInAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, bob := w.create(t, "ada"), w.create(t, "bob")
	p, other := w.login(t, "ada"), w.login(t, "bob")
	w.operate(t, post("/admin/users/"+ada.ID+"/revoke", ""), 204)
	w.refresh(t, p.RefreshToken).problem(t, http.StatusUnauthorized, "session_revoked")
	if w.alive(t, p) || !w.alive(t, other) || !w.alive(t, w.login(t, "ada")) {
		t.Error("revoking ended too little or too much")
	}
	_ = bob
}

func TestADeletedUserIsGoneWithEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.create(t, "ada")
	p := w.login(t, "ada")
	w.operate(t, del("/admin/users/"+ada.ID), 204)
	if w.alive(t, p) {
		t.Error("a token of a deleted user lives")
	}
	w.refresh(t, p.RefreshToken).problem(t, http.StatusUnauthorized, "refresh_token_invalid")
	for _, c := range []call{del("/admin/users/" + ada.ID), get("/admin/users/" + ada.ID),
		patch("/admin/users/"+ada.ID, `{"disabled":true}`), patch("/admin/users/"+ada.ID, `{"password":"`+goodPassword+`"}`),
		post("/admin/users/"+ada.ID+"/revoke", ""), post("/admin/users/"+ada.ID+"/password-reset", ""), get("/admin/users/" + ada.ID + "/sessions")} {
		do(t, w.operators, c.byOperator()).problem(t, http.StatusNotFound, "user_not_found")
	}
	if made := w.create(t, "ada"); made.ID == ada.ID {
		t.Error("a new user of the name has the old one's id")
	}
	// I7: what happened is still told, without the addresses.
	var events eventPage
	w.operate(t, get("/admin/audit?user="+ada.ID), 200).into(t, 200, &events)
	for _, e := range events.Events {
		if e.IP != "" || e.UserAgent != "" {
			t.Errorf("%s still has %q, %q", e.Name, e.IP, e.UserAgent)
		}
	}
	if got, want := namesOf(events), "sessions.ended:deleted user.deleted login.succeeded user.created"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAPasswordResetTokenIsShownOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.create(t, "ada")
	var first, second issuedReset
	w.operate(t, post("/admin/users/"+ada.ID+"/password-reset", ""), 201).into(t, 201, &first)
	w.operate(t, post("/admin/users/"+ada.ID+"/password-reset", ""), 201).into(t, 201, &second)
	if first.Token == second.Token {
		t.Error("one token twice")
	}
	expires, err := time.Parse(time.RFC3339, second.ExpiresAt)
	if left := time.Until(expires); err != nil || left < 29*time.Minute || left > 30*time.Minute {
		t.Errorf("expires in %v, %v; want 30 minutes", left, err)
	}
	if log := w.log.String(); strings.Contains(log, "apr_") { // I1
		t.Error("the log has the token")
	}
}

func TestUsersComeInPagesByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var want, got []string
	for i := range 5 {
		want = append(want, fmt.Sprintf("user-%d", i))
		w.create(t, want[i])
	}
	pages := 0
	for next := ""; pages < 10 && (pages == 0 || next != ""); pages++ {
		path := "/admin/users?limit=2"
		if next != "" {
			path += "&cursor=" + next
		}
		var page userPage
		w.operate(t, get(path), 200).into(t, 200, &page)
		for _, u := range page.Users {
			got = append(got, u.Username)
		}
		next = page.NextCursor
	}
	if diff := cmp.Diff(want, got); diff != "" || pages != 3 {
		t.Errorf("in %d pages (-want +got):\n%s", pages, diff)
	}
}

func TestAUserIsFoundByNameAsTypedAtALogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.create(t, "ada@example.com")
	for query, found := range map[string]bool{"ADA@Example.com": true, "ada@example.com": true, "ada": false, ada.ID: false, "": false, "a%20b": false, "%00": false} {
		var page userPage
		w.operate(t, get("/admin/users?username="+query), 200).into(t, 200, &page)
		if (len(page.Users) == 1) != found || page.NextCursor != "" {
			t.Errorf("%q: got %+v, want found: %t", query, page, found)
		}
	}
}

package api

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/auth"
)

// sessionsOf reads the page of a user's sessions.
func (w *world) sessionsOf(t testing.TB, u user, query string) (page adminSessionPage) {
	t.Helper()
	w.operate(t, get("/admin/users/"+u.ID+"/sessions"+query), 200).into(t, 200, &page)
	return page
}

func TestAnOperatorSeesTheLiveSessionsOfAUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, bob := w.create(t, "ada"), w.create(t, "bob")
	login := post("/login", `{"username":"ada","password":"`+goodPassword+`","device":"phone"}`).
		from("192.0.2.7:5000").with("User-Agent", "Example/1")
	var p pair
	do(t, w, login).into(t, http.StatusOK, &p)
	over := w.login(t, "ada")
	do(t, w, post("/logout", "").bearing(over.AccessToken))
	page := w.sessionsOf(t, ada, "")
	if len(page.Sessions) != 1 {
		t.Fatalf("got %+v, want the one live session", page)
	}
	got := page.Sessions[0]
	want := adminSession{ID: p.SessionID, UserID: ada.ID, CreatedAt: got.CreatedAt, LastUsedAt: got.CreatedAt,
		RefreshExpiresAt: got.RefreshExpiresAt, SessionExpiresAt: p.SessionExpiresAt, Device: "phone", UserAgent: "Example/1", IP: "192.0.2.7"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("session (-want +got):\n%s", diff)
	}
	if page := w.sessionsOf(t, bob, ""); len(page.Sessions) != 0 {
		t.Errorf("somebody who never signed in has %+v", page)
	}
}

func TestSessionsComeInPagesTheNewestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.create(t, "ada")
	all := map[string]bool{}
	for range 5 {
		all[w.login(t, "ada").SessionID] = true
	}
	pages, before := 0, time.Now().Add(time.Hour)
	for query := "?limit=2"; query != ""; pages++ {
		page := w.sessionsOf(t, ada, query)
		for _, s := range page.Sessions {
			at, err := time.Parse(time.RFC3339, s.CreatedAt)
			if err != nil || !all[s.ID] || at.After(before) {
				t.Fatalf("%s of %s comes after one of %s", s.ID, s.CreatedAt, before)
			}
			delete(all, s.ID)
			before = at
		}
		query = ""
		if page.NextCursor != "" {
			query = "?limit=2&cursor=" + page.NextCursor
		}
	}
	if len(all) != 0 || pages != 3 {
		t.Errorf("after %d pages %d sessions are missing", pages, len(all))
	}
	w.operate(t, get("/admin/users/"+ada.ID+"/sessions?cursor="+cursor('s', "short")), 400)
}

// C1
func TestAnOperatorEndsOneSessionAndNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "ada")
	p, other := w.login(t, "ada"), w.login(t, "ada")
	for range 2 { // ended before is no fault
		w.operate(t, del("/admin/sessions/"+p.SessionID), 204)
	}
	w.refresh(t, p.RefreshToken).problem(t, http.StatusUnauthorized, "session_revoked")
	if w.alive(t, p) || !w.alive(t, other) {
		t.Error("ending ended too little or too much")
	}
	id, err := auth.ParseSessionID(other.SessionID)
	must(t, err)
	uuid := del("/admin/sessions/" + auth.UserID(id).String()) // a path has one spelling (F15)
	do(t, w.operators, uuid.byOperator()).problem(t, http.StatusNotFound, "session_not_found")
	do(t, w.operators, del("/admin/sessions/"+someSession).byOperator()).problem(t, http.StatusNotFound, "session_not_found")
}

func TestARevokedTokenIsDeadAndItsSessionLives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "ada")
	p := w.login(t, "ada")
	for range 2 {
		w.operate(t, post("/admin/revocations", `{"jti":"`+jtiOf(t, p)+`"}`), 204)
	}
	if w.alive(t, p) {
		t.Error("the token lives")
	}
	var next pair
	w.refresh(t, p.RefreshToken).into(t, http.StatusOK, &next)
	if !w.alive(t, next) {
		t.Error("the session's next token is dead")
	}
}

// I8
func TestATimelineTellsWhatBecameOfASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.create(t, "ada")
	p := w.login(t, "ada")
	w.refresh(t, p.RefreshToken)
	w.refresh(t, p.RefreshToken) // a retry
	w.pass(2 * testWindow)
	thief := post("/refresh", `{"refresh_token":"`+p.RefreshToken+`"}`).from("203.0.113.9:1").with("User-Agent", "curl")
	do(t, w, thief).problem(t, http.StatusUnauthorized, "refresh_token_reused")

	var line timeline
	w.operate(t, get("/admin/sessions/"+p.SessionID+"/timeline"), 200).into(t, 200, &line)
	if line.SessionID != p.SessionID || line.UserID != ada.ID || line.Cut {
		t.Errorf("got %+v", line)
	}
	var got []string
	for _, s := range line.Steps {
		got = append(got, s.Name)
	}
	want := []string{"login.succeeded", "session.rotated", "session.retried", "session.ended"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("steps (-want +got):\n%s", diff)
	}
	end := line.Steps[3]
	if diff := cmp.Diff(step{At: end.At, Name: "session.ended", Reason: "reuse", Actor: "user", IP: "203.0.113.9", UserAgent: "curl"}, end); diff != "" {
		t.Errorf("the end (-want +got):\n%s", diff)
	}
	if line.Steps[1].Rotations != 1 {
		t.Errorf("rotations: got %d, want 1", line.Steps[1].Rotations)
	}
}

package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// someSession has the form of an id, and is nobody's.
const someSession = "AZqr_FvkfVqdDzxBpPDC7g"

func del(path string) call { return call{method: http.MethodDelete, path: path} }

// sessions lists the sessions of a pair's user.
func (w *world) sessions(t testing.TB, p pair) []session {
	t.Helper()
	var list sessionList
	do(t, w, get("/sessions").bearing(p.AccessToken)).into(t, http.StatusOK, &list)
	return list.Sessions
}

func TestAUserSeesTheLiveSessionsAndWhereTheyCameFrom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.session(t, "ben")
	laptop := w.session(t, "ada")
	var phone pair
	do(t, w, post("/login", `{"username":"ada","password":"`+goodPassword+`","device":"phone"}`).
		with("User-Agent", "app/1").from("192.0.2.7:4711")).into(t, http.StatusOK, &phone)
	gone := w.login(t, "ada")
	do(t, w, post("/logout", "").bearing(gone.AccessToken))

	w.refresh(t, laptop.RefreshToken).into(t, http.StatusOK, &laptop)
	list := w.sessions(t, phone)
	if len(list) != 2 {
		t.Fatalf("got %d sessions, want the two live ones: %+v", len(list), list)
	}
	used, other := list[0], list[1] // the one last used first
	if used.ID != laptop.SessionID || used.Current || used.LastUsedAt <= used.CreatedAt || used.SessionExpiresAt != laptop.SessionExpiresAt {
		t.Errorf("got %+v, want the session that was refreshed last", used)
	}
	created, err := time.Parse(time.RFC3339, other.CreatedAt)
	must(t, err)
	want := session{ID: phone.SessionID, CreatedAt: other.CreatedAt, LastUsedAt: other.CreatedAt,
		RefreshExpiresAt: timestamp(created.Add(testIdleTTL)), SessionExpiresAt: phone.SessionExpiresAt,
		Device: "phone", UserAgent: "app/1", IP: "192.0.2.7", Current: true}
	if diff := cmp.Diff(want, other); diff != "" {
		t.Errorf("the phone's (-want +got):\n%s", diff)
	}
}

func TestASessionThatRanOutIsNotListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.session(t, "ada")
	w.pass(testIdleTTL)
	p := w.login(t, "ada")
	if list := w.sessions(t, p); len(list) != 1 || list[0].ID != p.SessionID {
		t.Errorf("got %+v, want the new session alone", list)
	}
}

func TestAnEndThatWasMeantAsARehearsalEndsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.session(t, "ada")
	rehearsal := del("/sessions/" + p.SessionID).bearing(p.AccessToken)
	rehearsal.path += "?dry_run=1"
	do(t, w, rehearsal).problem(t, http.StatusBadRequest, "invalid_request")
	told := del("/sessions/" + p.SessionID).bearing(p.AccessToken)
	told.body = `{"dry_run":true}`
	do(t, w, told).problem(t, http.StatusBadRequest, "invalid_request")
	if !w.alive(t, p) {
		t.Error("the session ended")
	}
}

func TestAUserEndsAnotherSessionOfTheirOwn(t *testing.T) { // C1, C2
	t.Parallel()
	w := newWorld(t)
	laptop := w.session(t, "ada")
	phone := w.login(t, "ada")
	var later pair
	w.refresh(t, phone.RefreshToken).into(t, http.StatusOK, &later)
	for _, when := range []string{"live", "ended before"} {
		if a := do(t, w, del("/sessions/"+phone.SessionID).bearing(laptop.AccessToken)); a.status != http.StatusNoContent {
			t.Errorf("%s: got %d %s", when, a.status, a.body)
		}
	}
	if w.alive(t, phone) || w.alive(t, later) || !w.alive(t, laptop) {
		t.Error("want every token of the ended session dead, and no other")
	}
	w.refresh(t, later.RefreshToken).problem(t, http.StatusUnauthorized, "session_revoked")

	if a := do(t, w, del("/sessions/"+laptop.SessionID).bearing(laptop.AccessToken)); a.status != http.StatusNoContent {
		t.Errorf("the session of the token itself: got %d %s", a.status, a.body)
	}
	do(t, w, del("/sessions/"+laptop.SessionID).bearing(laptop.AccessToken)).problem(t, http.StatusUnauthorized, "invalid_token")
	do(t, w, get("/sessions").bearing(laptop.AccessToken)).problem(t, http.StatusUnauthorized, "invalid_token")
}

func TestC28SomebodyElsesSessionIsNotFoundAndUntouched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	victim, thief := w.session(t, "ada"), w.session(t, "eve")
	ended := w.login(t, "ada")
	do(t, w, post("/logout", "").bearing(ended.AccessToken))
	try := func(id string) answer {
		a := do(t, w, del("/sessions/"+id).bearing(thief.AccessToken).with("X-Request-Id", "same"))
		a.problem(t, http.StatusNotFound, "session_not_found")
		return a
	}
	want := try(someSession)
	for what, id := range map[string]string{
		"live": victim.SessionID, "ended": ended.SessionID, "no id": "x", "another spelling": "019aabfc-5be4-7d5a-9d0f-3c41a4f0c2ee",
		"with a slash": "AZqr%2FFvkfVqdDzxBpPDC", "long": strings.Repeat("A", 5000),
	} {
		w.wantNoWrite(t, what, func() {
			if got := try(id); string(got.body) != string(want.body) {
				t.Errorf("%s: got %s, want %s", what, got.body, want.body)
			}
		})
	}
	if !w.alive(t, victim) || w.refresh(t, victim.RefreshToken).status != http.StatusOK {
		t.Error("the victim's session is over")
	}
	seen := slices.ContainsFunc(w.sessions(t, thief), func(s session) bool { return s.ID == victim.SessionID })
	if seen {
		t.Error("somebody else's session is listed")
	}
}

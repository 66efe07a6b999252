package api

import (
	"testing"
	"time"
)

// auditOf reads a page of the audit.
func (w *world) auditOf(t testing.TB, query string) (page eventPage) {
	t.Helper()
	w.operate(t, get("/admin/audit"+query), 200).into(t, 200, &page)
	return page
}

// I7: who did what to whom, when and from where.
func TestTheAuditNamesTheOperator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.create(t, "ada")
	p := w.login(t, "ada")
	c := del("/admin/sessions/"+p.SessionID).from("192.0.2.1:1").with("User-Agent", "console")
	w.operate(t, c, 204)
	page := w.auditOf(t, "?session="+p.SessionID+"&name=session.ended")
	if len(page.Events) != 1 {
		t.Fatalf("got %+v, want one event", page)
	}
	got := page.Events[0]
	want := event{ID: got.ID, At: got.At, Name: "session.ended", Reason: "ended_by_operator", Actor: "admin", UserID: ada.ID,
		SessionID: p.SessionID, IP: "192.0.2.1", UserAgent: "console"}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	w.operate(t, post("/admin/revocations", `{"jti":"`+jtiOf(t, p)+`"}`), 204)
	if page := w.auditOf(t, "?name=token.revoked"); len(page.Events) != 1 || page.Events[0].Subject != jtiOf(t, p) {
		t.Errorf("a revoked token: got %+v", page)
	}
}

func TestTheAuditComesInPagesTheNewestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, bob := w.create(t, "ada"), w.create(t, "bob")
	for range 4 {
		w.login(t, "ada")
		w.login(t, "bob")
	}
	seen, before := map[string]bool{}, ""
	for query := "?limit=2&user=" + ada.ID; query != ""; {
		page := w.auditOf(t, query)
		for _, e := range page.Events {
			if e.UserID != ada.ID || e.UserID == bob.ID || seen[e.ID] || before != "" && e.ID > before {
				t.Fatalf("%+v came after %s", e, before)
			}
			seen[e.ID], before = true, e.ID
		}
		query = ""
		if page.NextCursor != "" {
			query = "?limit=2&user=" + ada.ID + "&cursor=" + page.NextCursor
		}
	}
	if len(seen) != 5 {
		t.Errorf("got %d events, want a creation and four logins", len(seen))
	}
}

func TestTheAuditIsReadByTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "ada")
	stamp := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }
	for query, want := range map[string]int{
		"?since=" + stamp(-time.Hour): 1,
		"?since=" + stamp(time.Hour):  0,
		"?until=" + stamp(time.Hour):  1,
		"?until=" + stamp(-time.Hour): 0,
		"?since=" + stamp(-time.Hour) + "&until=" + stamp(time.Hour) + "&name=user.created": 1,
		"?name=login.failed": 0,
	} {
		if page := w.auditOf(t, query); len(page.Events) != want {
			t.Errorf("%s: got %d events, want %d", query, len(page.Events), want)
		}
	}
}

// A filter of zeros, which the reader takes for none, would show everybody's events as one user's.
func TestAFilterOfZerosIsRefusedAndNotLeftOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "ada")
	const zeros = "AAAAAAAAAAAAAAAAAAAAAA"
	for _, query := range []string{
		"user=00000000-0000-0000-0000-000000000000",
		"user=" + zeros,
		"session=" + zeros,
		"since=0001-01-01T00:00:00Z",
		"until=0001-01-01T00:00:00Z",
		"cursor=" + cursor('e', string(make([]byte, 16))),
	} {
		w.operate(t, get("/admin/audit?"+query), 400).problem(t, 400, "invalid_request")
	}
	w.operate(t, get("/admin/sessions/"+zeros+"/timeline"), 404).problem(t, 404, "session_not_found")
}

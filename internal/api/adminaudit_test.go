package api

import (
	"context"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/audit"
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

func TestTheAuditIsReadByActorAndByAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.create(t, "ada")
	w.login(t, "ada")
	from := w.auditOf(t, "?name=login.succeeded").Events[0].IP
	for query, want := range map[string]int{
		"?actor=admin":                             1,
		"?actor=user":                              1,
		"?actor=cli":                               0,
		"?actor=admin&name=login.succeeded":        0,
		"?actor=user&name=login.succeeded":         1,
		"?address=" + from:                         2,
		"?address=" + from + "&actor=user":         1,
		"?address=::ffff:" + from:                  2, // the same address, as some programs write it
		"?address=198.51.100.1":                    0,
		"?user=" + ada.ID + "&address=2001:db8::1": 0,
	} {
		if page := w.auditOf(t, query); len(page.Events) != want {
			t.Errorf("%s: got %d events, want %d", query, len(page.Events), want)
		}
	}
	for _, query := range []string{"actor=", "actor=root", "actor=User", "address=", "address=localhost", "address=10.0.0.0/8", "address=fe80::1%25eth0"} {
		w.operate(t, get("/admin/audit?"+query), 400).problem(t, 400, "invalid_request")
	}
}

// I7: who comes to the operators' door and is sent away is in the audit. What was shown there is not: it may
// open another one.
func TestI7WhoIsRefusedByTheOperatorsListenerIsInTheAudit(t *testing.T) {
	t.Parallel()
	c := adminConfig(t)
	var told []audit.Event
	c.Record = func(_ context.Context, e audit.Event) { told = append(told, e) }
	handler, err := NewAdmin(c)
	must(t, err)
	refused := asked("127.0.0.1", "/admin/users")
	refused.Header.Set("Authorization", "Bearer a token of another place")
	refused.Header.Set("User-Agent", "curl/8")
	bare := asked("127.0.0.1", "/no/such/route")
	bare.Header.Del("Authorization")
	for _, r := range []*http.Request{refused, bare, asked("evil.example", "/admin/users"),
		asked("127.0.0.1", "/admin/users"), asked("evil.example", "/livez")} { // the last two are answered
		status(handler, r)
	}
	address, _ := netip.ParseAddrPort(refused.RemoteAddr)
	want := []audit.Event{
		{Name: audit.AdminRefused, Reason: audit.InvalidToken, Actor: audit.Admin, Address: address.Addr(), UserAgent: "curl/8"},
		{Name: audit.AdminRefused, Reason: audit.InvalidToken, Actor: audit.Admin, Address: address.Addr()},
		{Name: audit.AdminRefused, Reason: audit.HostNotAllowed, Actor: audit.Admin, Address: address.Addr()},
	}
	if diff := cmp.Diff(want, told, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("the audit was told (-want +got):\n%s", diff)
	}
}

package storetest

import (
	"net/netip"
	"slices"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

var sessionClaims = []claim{
	{name: "a session survives the round trip as it was opened", prove: sessionAtLogin},
	{name: "a session with every column filled survives the round trip", prove: sessionFilled},
	{name: "a row that is read takes nothing over from the one before it", prove: rowsApart},
	{name: "times keep their microseconds and come back in UTC", prove: timesKept},
	{name: "addresses come back as they were given", prove: addressesKept},
	{name: "loading finds exactly the sessions that exist, each with its owner", prove: loadExact},
	{name: "a full batch loads at once", prove: loadFullBatch},
	{name: "a user loads with all sessions that have not been ended, expired ones included", prove: loadUserSessions},
	{name: "nobody loads as nobody", prove: loadNobody},
}

func sessionAtLogin(t *trial) {
	user := t.user("ann")
	s := t.session(user.ID)
	s.Device, s.UserAgent, s.LoginIP = "", "", netip.Addr{}
	t.open(s)
	t.same(t.load(s.ID)[0].Session, s, "a session with nothing but what a login must have")
}

// filled has no member that is zero, and the greatest values that fit.
func filled(t *trial, user auth.UserID) tokens.Session {
	now := t.clock()
	s := t.session(user)
	s.ClientID, s.Epoch = "a client's id", 1<<62+1
	s.Generation = 1<<32 - 1
	s.PreviousHash, s.Nonce = randomHash(), randomHash()
	s.SecretVersion = 255
	s.RotatedAt, s.IdleEndsAt, s.EndsAt = now.Add(time.Hour), now.Add(2*time.Hour), now.Add(3*time.Hour)
	s.Device = "Zoë's 電話 📱 ' \" \\ ; -- %s $1 ?"
	s.UserAgent = "Mozilla/5.0 (X11; Linux x86_64) naïve"
	s.LoginIP = netip.MustParseAddr("2001:db8::7")
	s.RowVersion = 1 << 40
	return s
}

func sessionFilled(t *trial) {
	user := t.user("ann")
	s := filled(t, user.ID)
	t.open(s)
	t.same(t.load(s.ID)[0].Session, s, "a session with every column filled")

	s.EndedAt, s.EndReason = s.CreatedAt.Add(time.Minute), audit.HistoryForked
	_, err := t.store.End(t.Context(), deathsOf(s.EndReason, s.EndedAt, s), newMark())
	t.must(err, "End")
	got := t.load(s.ID)[0].Session
	s.RowVersion = got.RowVersion
	t.same(got, s, "the same session after its end")
}

// Reading is quicker into one place for all rows. What is null in a row must then not keep what the row
// before had there: somebody else's address, or an end.
func rowsApart(t *trial) {
	user := t.user("ann")
	var ids []auth.SessionID
	for range 8 {
		ids = append(ids, t.sessionID())
	}
	ids = sorted(ids) // a store may well read them in this order
	var want []tokens.Session
	for pair := range slices.Chunk(ids, 2) {
		full, bare := filled(t, user.ID), t.session(user.ID)
		full.ID, bare.ID = pair[0], pair[1]
		bare.ClientID, bare.Device, bare.UserAgent, bare.LoginIP = "", "", "", netip.Addr{}
		t.open(full, bare)
		t.end(audit.Reuse, newMark(), full)
		want = append(want, t.load(full.ID)[0].Session, bare)
	}
	t.same(t.reload(want), want, "rows that are full and bare in turn, read together")
}

func timesKept(t *trial) {
	user := t.user("ann")
	zone := time.FixedZone("five and three quarters east", 5*3600+45*60)
	s := t.session(user.ID)
	// One grain before and after a second, before 1970's, and at the end of what a form can hold.
	s.CreatedAt = time.Date(2038, 1, 19, 3, 14, 7, 999_999_000, zone)
	s.RotatedAt = time.Date(2026, 2, 28, 23, 59, 59, 1_000, time.UTC)
	s.IdleEndsAt = time.Date(1969, 12, 31, 23, 59, 59, 123_457_000, zone)
	s.EndsAt = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	t.open(s)
	died := time.Date(2027, 6, 15, 12, 0, 0, 654_321_000, zone)
	_, err := t.store.End(t.Context(), deathsOf(audit.Logout, died, s), newMark())
	t.must(err, "End")

	got := t.load(s.ID)[0]
	for _, c := range []struct {
		column    string
		got, want time.Time
	}{
		{"created_at", got.CreatedAt, s.CreatedAt},
		{"rotated_at", got.RotatedAt, s.RotatedAt},
		{"idle_ends_at", got.IdleEndsAt, s.IdleEndsAt},
		{"ends_at", got.EndsAt, s.EndsAt},
		{"ended_at", got.EndedAt, died},
	} {
		if !c.got.Equal(c.want) || c.got.Location() != time.UTC {
			t.Errorf("%s came back as %v, want %v in UTC", c.column, c.got, c.want.UTC())
		}
	}
}

func addressesKept(t *trial) {
	user := t.user("ann")
	for _, text := range []string{"", "192.0.2.255", "0.0.0.0", "::ffff:192.0.2.7", "::", "::1", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"} {
		s := t.session(user.ID)
		s.LoginIP = netip.Addr{}
		if text != "" {
			s.LoginIP = netip.MustParseAddr(text)
		}
		t.open(s)
		if got := t.load(s.ID)[0].LoginIP; got != s.LoginIP {
			t.Errorf("address %q came back as %v", text, got)
		}
	}
}

func loadExact(t *trial) {
	users := []accounts.User{t.user("ann"), t.user("ben")}
	disabled := accounts.User{ID: t.userID(), Username: "cid", Epoch: 7, Roles: []string{"admin", "auditor"},
		DisabledAt: t.clock().Add(-time.Hour)}
	_, err := t.store.CreateUser(t.Context(), disabled, hashOf("cid"))
	t.must(err, "CreateUser")
	users = append(users, disabled)

	var sessions []tokens.Session
	for _, u := range users {
		sessions = append(sessions, t.login(u.ID, 2)...)
	}
	t.end(audit.Logout, newMark(), sessions[0]) // an ended session is still one: its late replays are told from guesses
	sessions = t.reload(sessions)

	ids := idsOf(sessions)
	asked := []auth.SessionID{t.sessionID(), ids[4], ids[0], ids[1], t.sessionID(), ids[3], ids[5], ids[4]} // not ids[2]
	rows, _, err := t.store.LoadSessions(t.Context(), asked)
	t.must(err, "LoadSessions")
	for _, row := range rows {
		at := slices.Index(ids, row.ID)
		if at < 0 || at == 2 {
			t.Errorf("LoadSessions returned %s, which was not asked for or does not exist", row.ID)
			continue
		}
		u := users[at/2]
		want := tokens.Loaded{Session: sessions[at], Owner: tokens.User{ID: u.ID, Epoch: u.Epoch, Roles: u.Roles,
			DisabledAt: u.DisabledAt, RowVersion: t.loadUser(u.ID).RowVersion}}
		t.same(row, want, "a loaded session with its owner")
	}
	if len(rows) != 5 {
		t.Errorf("LoadSessions returned %d rows, want 5", len(rows))
	}
}

func loadFullBatch(t *trial) {
	user := t.user("ann")
	ids := idsOf(t.login(user.ID, 3))
	asked := make([]auth.SessionID, 0, fullBatch)
	for len(asked) < fullBatch-len(ids) {
		asked = append(asked, t.sessionID())
	}
	asked = append(asked, ids...)
	rows, _, err := t.store.LoadSessions(t.Context(), asked)
	t.must(err, "LoadSessions")
	got := make([]auth.SessionID, 0, len(rows))
	for _, row := range rows {
		got = append(got, row.ID)
	}
	t.same(sorted(got), sorted(ids), "the sessions that exist among a full batch of ids")
}

func loadUserSessions(t *trial) {
	ann, ben := t.user("ann"), t.user("ben")
	expired := t.session(ann.ID)
	expired.IdleEndsAt, expired.EndsAt = expired.CreatedAt.Add(-2*time.Hour), expired.CreatedAt.Add(-time.Hour)
	t.open(expired)
	sessions := append(t.reload([]tokens.Session{expired}), t.login(ann.ID, 3)...)
	t.login(ben.ID, 1)
	t.end(audit.Reuse, newMark(), sessions[2])

	user, got, _, found, err := t.store.LoadUser(t.Context(), ann.ID)
	t.must(err, "LoadUser")
	if !found {
		t.Fatalf("LoadUser does not find user %s", ann.ID)
	}
	want := []tokens.Session{sessions[0], sessions[1], sessions[3]}
	byID := func(a, b tokens.Session) int { return slices.Compare(a.ID[:], b.ID[:]) }
	slices.SortFunc(got, byID)
	slices.SortFunc(want, byID)
	t.same(got, want, "the sessions of a user who has an expired one, an ended one and two live ones")
	t.same(user, tokens.User{ID: ann.ID, Epoch: 1, Roles: ann.Roles, RowVersion: t.load(expired.ID)[0].Owner.RowVersion},
		"the user")
}

func loadNobody(t *trial) {
	t.login(t.user("ann").ID, 1)
	_, sessions, _, found, err := t.store.LoadUser(t.Context(), t.userID())
	t.must(err, "LoadUser")
	if found || len(sessions) != 0 {
		t.Errorf("LoadUser of an id that nobody has: found %t, with %d sessions", found, len(sessions))
	}
}

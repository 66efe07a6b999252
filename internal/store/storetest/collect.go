package storetest

import (
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

var collectClaims = []claim{
	{name: "the collector takes the oldest first, up to its limit and its bound", prove: collectBounds},
	{name: "the collector leaves kills, users and everything later alone", prove: collectLeaves},
}

// aged opens sessions whose absolute ends lie an hour apart, the oldest first, logged in shuffled.
func (t *trial) aged(user auth.UserID, first time.Time, n int) []tokens.Session {
	t.Helper()
	sessions := make([]tokens.Session, n)
	for i := range sessions {
		sessions[i] = t.session(user)
		sessions[i].EndsAt = first.Add(time.Duration(i) * time.Hour)
		sessions[i].IdleEndsAt = first.Add(-time.Duration(i) * time.Hour) // says nothing of the row's age
	}
	for i := range sessions {
		t.open(sessions[(i*3+1)%n]) // n is not a multiple of three
	}
	return t.reload(sessions)
}

// remain checks which of the sessions are still stored.
func (t *trial) remain(sessions, want []tokens.Session) {
	t.Helper()
	rows, _, err := t.again.LoadSessions(t.Context(), idsOf(sessions))
	t.must(err, "LoadSessions")
	got := make([]auth.SessionID, len(rows))
	for i, row := range rows {
		got[i] = row.ID
	}
	t.same(sorted(got), sorted(idsOf(want)), "the sessions that remain")
}

func (t *trial) collect(before time.Time, limit, want int) {
	t.Helper()
	n, err := t.store.CollectSessions(t.Context(), before, limit)
	t.must(err, "CollectSessions")
	if n != want {
		t.Errorf("CollectSessions deleted %d, want %d", n, want)
	}
}

func collectBounds(t *trial) {
	first := t.clock().Add(-48 * time.Hour)
	sessions := t.aged(t.user("ann").ID, first, 8)
	bound := sessions[5].EndsAt
	t.collect(first, 10, 0) // nothing lies before its own end
	t.collect(bound, 0, 0)
	t.collect(bound, -1, 0)
	t.remain(sessions, sessions)
	t.collect(first.Add(time.Microsecond), 10, 1)
	t.remain(sessions, sessions[1:])
	t.collect(bound, 3, 3)
	t.remain(sessions, sessions[4:])
	t.collect(bound, 3, 1)
	t.remain(sessions, sessions[5:])
	t.collect(bound, 3, 0)
	t.remain(sessions, sessions[5:])
}

// C13: what tells a late replay from a guess is the session's row; what kills its access tokens is the
// entry, which has its own time.
func collectLeaves(t *trial) {
	ann := t.user("ann")
	sessions := t.aged(ann.ID, t.clock().Add(-time.Hour), 4)
	t.end(audit.Logout, newMark(), sessions[0], sessions[3])
	before := t.read(ann, sessions)
	t.collect(sessions[2].EndsAt, 100, 2) // one ended, one not
	t.remain(sessions, sessions[2:])
	got := t.read(ann, sessions[2:])
	before.Sessions, before.Live = before.Sessions[2:], before.Live-1
	t.same(got, before, "everything else")
}

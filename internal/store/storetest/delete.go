package storetest

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

var deleteClaims = []claim{
	{name: "a deleted user is gone with all that was kept, and the kill outlives the row", prove: deleteEverything},
	{name: "a deletion leaves everybody else alone", prove: deleteOthers},
	{name: "a deletion that is refused deletes nothing", prove: deleteRefused},
	{name: "B20: deletions, logins, rotations and ends at once leave nothing of the deleted", prove: deleteRace},
}

// recordsOf stores two events of a user, with address and agent.
func (t *trial) recordsOf(user auth.UserID) []audit.Record {
	t.Helper()
	records := []audit.Record{t.recordAt(t.clock()), t.recordAt(t.clock().Add(-time.Hour))}
	for i := range records {
		records[i].User = user
	}
	t.add(records...)
	return records
}

// nothingOf checks that no way leads to a user who was deleted.
func (t *trial) nothingOf(u accounts.User, sessions []tokens.Session) {
	t.Helper()
	_, byID, err := t.again.UserByID(t.Context(), u.ID)
	t.must(err, "UserByID")
	_, byName, err := t.again.UserByName(t.Context(), u.Username)
	t.must(err, "UserByName")
	c, _, known, err := t.again.CredentialsByID(t.Context(), u.ID)
	t.must(err, "CredentialsByID")
	_, live, _, loaded, err := t.again.LoadUser(t.Context(), u.ID)
	t.must(err, "LoadUser")
	if byID || byName || known || loaded || c.PasswordHash != "" || len(live) > 0 {
		t.Errorf("the deleted user is found by id %t, by name %t, with credentials %t, with %d sessions %t",
			byID, byName, known, len(live), loaded)
	}
	rows, _, err := t.again.LoadSessions(t.Context(), idsOf(sessions))
	t.must(err, "LoadSessions")
	if len(rows) > 0 {
		t.Errorf("%d sessions of the deleted user are left", len(rows))
	}
}

func deleteEverything(t *trial) {
	ann := t.user("ann")
	sessions := t.login(ann.ID, 4)
	t.end(audit.Logout, newMark(), sessions[1])
	reset, records := t.issue(ann.ID), t.recordsOf(ann.ID)
	user := t.loadUser(ann.ID)
	_, before := t.entries(0)
	mark := newMark()
	applied, err := t.store.ChangeUser(t.Context(), tokens.UserChange{User: ann.ID, Version: user.RowVersion,
		Guard: sessions[0].ID, End: deathsOf(audit.Deleted, t.clock(), sessions[3]), RaiseEpoch: true, Delete: true}, mark)
	t.must(err, "ChangeUser")
	if !applied {
		t.Fatalf("a deletion decided on the row as it stands was refused")
	}
	t.written(before.Seq, mark, revocation.KillSession(sessions[3].ID), revocation.KillBelow(ann.ID, user.Epoch+1))
	t.nothingOf(ann, sessions)
	t.isGone(reset, "the reset of a deleted user")
	for i := range records {
		records[i].Address, records[i].UserAgent = netip.Addr{}, ""
	}
	t.same(t.recorded(audit.Query{User: ann.ID, Limit: 10}), records, "what happened to the deleted user")

	// The name is free, and even under the same id nothing is inherited.
	again := accounts.User{ID: ann.ID, Username: "ann", Epoch: 1}
	_, err = t.store.CreateUser(t.Context(), again, "another hash")
	t.must(err, "CreateUser")
	rows, _, err := t.store.LoadSessions(t.Context(), idsOf(sessions))
	t.must(err, "LoadSessions")
	if len(rows) > 0 {
		t.Errorf("%d sessions of the deleted user were left", len(rows))
	}
	t.isGone(reset, "the reset of a deleted user")
	t.login(again.ID, 1)
}

func deleteOthers(t *trial) {
	ann, ben := t.user("ann"), t.user("ben")
	t.login(ann.ID, 2)
	t.issue(ann.ID)
	t.recordsOf(ann.ID)
	others, reset, records := t.login(ben.ID, 3), t.issue(ben.ID), t.recordsOf(ben.ID)
	t.end(audit.Logout, newMark(), others[2])
	nobodys := t.recordAt(t.clock().Add(-2 * time.Hour))
	t.add(nobodys)
	want := t.read(ben, others)
	t.change(tokens.UserChange{User: ann.ID, Version: t.loadUser(ann.ID).RowVersion, RaiseEpoch: true, Delete: true})
	got := t.read(ben, others)
	want.Feed, want.Head = got.Feed, got.Head
	t.same(got, want, "another user")
	if r, found := t.reset(reset.ID); !found || r.PasswordReset != *reset {
		t.Errorf("another user's reset: found %t as %+v", found, r)
	}
	t.same(t.recorded(audit.Query{User: ben.ID, Limit: 10}), records, "what happened to another user")
	all := t.recorded(audit.Query{Limit: 10})
	t.same(all[len(all)-1], nobodys, "what happened to nobody")
}

func deleteRefused(t *trial) {
	ann := t.user("ann")
	sessions, reset, records := t.login(ann.ID, 2), t.issue(ann.ID), t.recordsOf(ann.ID)
	t.end(audit.Logout, newMark(), sessions[1])
	want := t.read(ann, sessions)
	for because, c := range map[string]tokens.UserChange{
		"on another version":                {Version: want.User.RowVersion - 1},
		"in the name of an ended session":   {Version: want.User.RowVersion, Guard: sessions[1].ID},
		"in the name of nobody's session":   {Version: want.User.RowVersion, Guard: t.sessionID()},
		"in the name of a reset that isn't": {Version: want.User.RowVersion, SpendReset: t.newReset(1).ID},
	} {
		c.User, c.RaiseEpoch, c.Delete = ann.ID, true, true
		t.refused(c, because)
		t.same(t.read(ann, sessions), want, "the user after a deletion "+because)
		if _, found := t.reset(reset.ID); !found {
			t.Errorf("a deletion %s took the reset", because)
		}
		t.same(t.recorded(audit.Query{User: ann.ID, Limit: 10}), records, "what happened, after a deletion "+because)
	}
}

// Whoever deletes locks all sessions of a user, and others lock some of them at the same time, in an
// order of their own: all must agree on one. And who logs in meanwhile must not leave a session behind.
func deleteRace(t *trial) {
	for round := range 5 {
		ann, ben := t.user("ann"), t.user("ben "+string(rune('a'+round)))
		anns := t.login(ann.ID, 12)
		sessions := append(slices.Clone(anns), t.login(ben.ID, 12)...)
		var mu sync.Mutex
		opened := slices.Clone(anns)
		t.race(12, func(i int, s Store) {
			mine := slices.Clone(sessions)
			rand.Shuffle(len(mine), func(a, b int) { mine[a], mine[b] = mine[b], mine[a] })
			var err error
			switch i % 6 {
			case 0:
				err = t.deleteSoon(s, ann.ID, anns[rand.IntN(len(anns))].ID)
			case 1, 2:
				err = t.insist(func() error { _, err := s.Rotate(t.Context(), steps(mine)); return err })
			case 3:
				deaths := deathsOf(audit.Logout, anns[0].CreatedAt, mine[:6]...)
				err = t.insist(func() error { _, err := s.End(t.Context(), deaths, newMark()); return err })
			case 4:
				fresh := t.session(ann.ID)
				mu.Lock()
				opened = append(opened, fresh)
				mu.Unlock()
				_, err = t.once(s, tokens.UserChange{User: ann.ID, Open: &fresh, PasswordHash: "another"})
			case 5:
				_, err = t.once(s, tokens.UserChange{User: ben.ID, Guard: sessions[12+i%12].ID, RaiseEpoch: true,
					End: deathsOf(audit.LogoutOthers, anns[0].CreatedAt, sessions[12:]...)})
			}
			if err != nil {
				t.Errorf("racer %d: %v", i, err)
			}
		})
		t.nothingOf(ann, opened)
		entries, _ := t.entries(0)
		below := func(e revocation.Entry) bool { return e.Kill == revocation.KillBelow(ann.ID, ann.Epoch+1) }
		if !slices.ContainsFunc(entries, below) {
			t.Errorf("a deleted user's tokens have no kill")
		}
	}
}

// deleteSoon deletes a user in the name of a session, and once that is over in nobody's, unless another
// was faster.
func (t *trial) deleteSoon(s Store, user auth.UserID, guard auth.SessionID) error {
	for range 100 {
		_, _, _, found, err := s.LoadUser(t.Context(), user)
		if err != nil || !found {
			return err
		}
		if _, err := t.once(s, tokens.UserChange{User: user, Guard: guard, RaiseEpoch: true, Delete: true}); err != nil {
			return err
		}
		guard = auth.SessionID{}
	}
	return nil
}

// once decides a change on the row as it stands and tries it once.
func (t *trial) once(s Store, c tokens.UserChange) (applied bool, err error) {
	err = t.insist(func() error {
		u, _, _, _, err := s.LoadUser(t.Context(), c.User)
		if err != nil {
			return err
		}
		c.Version = u.RowVersion
		applied, err = s.ChangeUser(t.Context(), c, newMark())
		return err
	})
	return applied, err
}

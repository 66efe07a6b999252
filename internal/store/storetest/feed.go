package storetest

import (
	"cmp"
	"slices"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

var feedClaims = []claim{
	{name: "kills are found by key, every epoch of one subject, and unknown keys find nothing", prove: killsByKey},
	{name: "each raise adds one to the epoch, and an entry of its own", prove: epochRaised},
	{name: "as_of moves with every entry, never back and never ahead of the clock", prove: asOfHonest},
	{name: "as_of waits for a clock that went back", prove: asOfWaits},
}

func killsByKey(t *trial) {
	ann, ben := t.user("ann"), t.user("ben")
	sessions := t.login(ann.ID, 3)
	t.end(audit.Logout, newMark(), sessions[0], sessions[1])
	for range 3 {
		t.raise(ann.ID)
	}
	t.raise(ben.ID)
	all, _ := t.entries(0)
	kills := make([]revocation.Kill, len(all))
	for i, e := range all {
		kills[i] = e.Kill
	}
	t.same(kills, append(killsOf(sessions[0], sessions[1]), revocation.KillBelow(ann.ID, 2), revocation.KillBelow(ann.ID, 3),
		revocation.KillBelow(ann.ID, 4), revocation.KillBelow(ben.ID, 2)), "the whole feed")

	session, user := revocation.KillSession(sessions[0].ID).Key, revocation.KillBelow(ann.ID, 0).Key
	for _, c := range []struct {
		name string
		keys []revocation.Key
	}{
		{"a session and its user", []revocation.Key{session, user}},
		{"a session alone, twice", []revocation.Key{session, session}},
		{"a session that lives", []revocation.Key{revocation.KillSession(sessions[2].ID).Key}},
		{"a user's subject under another kind", []revocation.Key{
			{Kind: revocation.Sid, Subject: user.Subject}, {Kind: revocation.Jti, Subject: user.Subject}}},
		{"kinds and subjects that exist, but not together", []revocation.Key{
			{Kind: revocation.Sub, Subject: session.Subject}, {Kind: revocation.Sid, Subject: user.Subject}}},
		{"one of each kind", []revocation.Key{session, user, {Kind: revocation.Jti, Subject: revocation.SubjectOf("j")},
			{Kind: revocation.Kid, Subject: revocation.SubjectOf("k")}}},
		{"none", nil},
	} {
		want := slices.DeleteFunc(slices.Clone(all), func(e revocation.Entry) bool { return !slices.Contains(c.keys, e.Key) })
		got, _, err := t.store.Kills(t.Context(), c.keys)
		t.must(err, "Kills")
		slices.SortFunc(got, func(a, b revocation.Entry) int { return cmp.Compare(a.Seq, b.Seq) })
		t.same(got, want, "the entries found by the keys of "+c.name)
		for _, e := range got {
			if e.Until.Location() != time.UTC {
				t.Errorf("until is %v, want UTC", e.Until)
			}
		}
	}
}

// raise raises a user's epoch and nothing else.
func (t *trial) raise(user auth.UserID) {
	t.Helper()
	t.change(tokens.UserChange{User: user, Version: t.loadUser(user).RowVersion, RaiseEpoch: true})
}

func epochRaised(t *trial) {
	ann, ben := t.user("ann"), t.user("ben")
	s := t.login(ann.ID, 1)[0]
	for epoch := auth.Epoch(2); epoch <= 4; epoch++ {
		_, before := t.entries(0)
		mark := newMark()
		applied, err := t.store.ChangeUser(t.Context(), tokens.UserChange{User: ann.ID,
			Version: t.loadUser(ann.ID).RowVersion, RaiseEpoch: true}, mark)
		t.must(err, "ChangeUser")
		if !applied {
			t.Fatalf("ChangeUser refused to raise the epoch")
		}
		t.written(before.Seq, mark, revocation.KillBelow(ann.ID, epoch))
		if got := t.loadUser(ann.ID).Epoch; got != epoch {
			t.Errorf("the epoch is %d, want %d", got, epoch)
		}
	}
	if got := t.loadUser(ben.ID).Epoch; got != ben.Epoch {
		t.Errorf("the epoch of another user is %d, want %d", got, ben.Epoch)
	}
	// The session's stays: it is what makes the session dead.
	t.same(t.load(s.ID)[0].Session, s, "a session of the user")
}

// as_of says that every revocation acknowledged before it is in. Ahead of the clock it would vouch for
// what has not happened yet; gone back, followers would refuse the page.
func asOfHonest(t *trial) {
	ann := t.user("ann")
	_, head := t.entries(0)
	last := head.AsOf
	check := func(after string, before time.Time) {
		t.Helper()
		_, head := t.entries(0)
		if head.AsOf.Before(last) {
			t.Errorf("as_of went back from %v to %v after %s", last, head.AsOf, after)
		}
		t.between(head.AsOf, before, t.clock(), "as_of after "+after)
		last = head.AsOf
	}
	for i, s := range t.login(ann.ID, 4) {
		// A decision's clock has no say in it.
		before := t.clock()
		at := before.Add([]time.Duration{time.Hour, -time.Hour}[i%2])
		_, err := t.again.End(t.Context(), deathsOf(audit.Logout, at, s), newMark())
		t.must(err, "End")
		check("an end", before)
		before = t.clock()
		t.raise(ann.ID)
		check("a raised epoch", before)
		_, err = t.store.RaiseHead(t.Context(), feedID, maxTTL+time.Duration(i)*time.Second, jwksMaxAge)
		t.must(err, "RaiseHead")
		check("a raised head", last)
	}
}

// G12: the clock of the database, or of the one instance on SQLite, went back by an hour.
func asOfWaits(t *trial) {
	ann := t.user("ann")
	sessions := t.login(ann.ID, 2)
	ahead := t.clock().Add(time.Hour)
	t.must(t.vouch(t.Context(), ahead), "Vouch")
	for name, write := range map[string]func(){
		"an end":   func() { t.end(audit.Logout, newMark(), sessions[0]) },
		"a change": func() { t.raise(ann.ID) },
		"a raised head": func() {
			_, err := t.store.RaiseHead(t.Context(), feedID, time.Hour, time.Hour)
			t.must(err, "RaiseHead")
		},
		"another secret": func() { t.addKeyring([]tokens.SealedSecret{t.secret("refresh.1")}) },
	} {
		write()
		if _, head := t.entries(0); !head.AsOf.Equal(ahead) {
			t.Errorf("as_of was %v, an hour ahead of the clock, and is %v after %s", ahead, head.AsOf, name)
		}
	}
}

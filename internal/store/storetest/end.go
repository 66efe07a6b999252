package storetest

import (
	"slices"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

var endClaims = []claim{
	{name: "an end writes its time, its reason and nothing else", prove: endColumns},
	{name: "an end without a time is at the store's clock, and what ended is told with its user and time", prove: endWhenWritten},
	{name: "an end reports exactly the sessions that it ended, and the first reason stays", prove: endOnce},
	{name: "a session that is listed twice dies once", prove: endListedTwice},
	{name: "an end and its kill are one: each ended session has an entry, in the order of deaths", prove: endKills},
	{name: "an end that ends nothing leaves the feed alone", prove: endNothing},
	{name: "a kill is kept for the longest lifetime after the clock that was read under the head", prove: endUntil},
	{name: "nothing ends while there is no head to order it", prove: endHeadless, bare: true},
}

// pinned is a head without its as_of, which time moves.
func pinned(h revocation.Head) revocation.Head {
	h.AsOf = time.Time{}
	return h
}

// killsOf are the entries that end sessions, as keys in order.
func killsOf(sessions ...tokens.Session) []revocation.Kill {
	kills := make([]revocation.Kill, len(sessions))
	for i, s := range sessions {
		kills[i] = revocation.KillSession(s.ID)
	}
	return kills
}

// written checks that exactly these kills follow a place in the feed, without a gap, under one mark
// which the head has too, and returns their entries.
func (t *trial) written(after int64, mark uint64, want ...revocation.Kill) []revocation.Entry {
	t.Helper()
	entries, head := t.entries(after)
	kills := make([]revocation.Kill, len(entries))
	for i, e := range entries {
		kills[i] = e.Kill
		if e.Seq != after+1+int64(i) || e.Mark != mark {
			t.Errorf("entry %d after %d has seq %d and mark %#x, want seq %d and mark %#x",
				i, after, e.Seq, e.Mark, after+1+int64(i), mark)
		}
	}
	t.same(kills, want, "the kills in the feed")
	if wantSeq := after + int64(len(want)); head.Seq != wantSeq || head.Mark != mark {
		t.Errorf("the head has seq %d and mark %#x, want %d and %#x", head.Seq, head.Mark, wantSeq, mark)
	}
	return entries
}

func endColumns(t *trial) {
	ann := t.user("ann")
	s, neighbour := filledAt(t, ann.ID, 5), t.login(ann.ID, 1)[0]
	died := t.clock().Add(-90 * time.Minute)
	ended, err := t.store.End(t.Context(), deathsOf(audit.SessionLimit, died, s), newMark())
	t.must(err, "End")
	t.same(ended, []tokens.Ended{{Session: s.ID, User: ann.ID, At: died}}, "what End returned")

	got := t.reload([]tokens.Session{s, neighbour})
	s.EndedAt, s.EndReason, s.RowVersion = died, audit.SessionLimit, got[0].RowVersion
	t.same(got, []tokens.Session{s, neighbour}, "the ended session and its neighbour")
}

// A logout decides on nothing, so nothing is loaded for it. What it reports tells when and whose.
func endWhenWritten(t *trial) {
	sessions := append(t.login(t.user("ann").ID, 1), t.login(t.user("bob").ID, 1)...)
	deaths := deathsOf(audit.Logout, time.Time{}, sessions...)
	decided := t.clock().Add(-time.Hour)
	deaths[1].At = decided
	before := t.clock()
	ended, err := t.store.End(t.Context(), deaths, newMark())
	after := t.clock()
	t.must(err, "End")
	if len(ended) != 2 {
		t.Fatalf("%d sessions ended, want 2", len(ended))
	}
	if ended[0].Session != sessions[0].ID {
		slices.Reverse(ended)
	}
	t.between(ended[0].At, before, after, "the end of what nothing was decided on")
	t.same(ended, []tokens.Ended{
		{Session: sessions[0].ID, User: sessions[0].User, At: ended[0].At},
		{Session: sessions[1].ID, User: sessions[1].User, At: decided},
	}, "what End returned")
	for i, s := range t.reload(sessions) {
		t.same(s.EndedAt, ended[i].At, "the end that is stored")
	}
}

func endOnce(t *trial) {
	ann := t.user("ann")
	sessions := t.login(ann.ID, 3)
	t.end(audit.Reuse, newMark(), sessions[1])
	before := t.reload(sessions)[1]

	deaths := deathsOf(audit.Logout, t.clock().Add(time.Second), sessions...)
	deaths = append(deaths, tokens.Death{Session: t.sessionID(), Reason: audit.Logout, At: t.clock()})
	ended, err := t.store.End(t.Context(), deaths, newMark())
	t.must(err, "End")
	t.same(sorted(endedIDs(ended)), sorted(idsOf([]tokens.Session{sessions[0], sessions[2]})),
		"the ended ids, of four that were live, ended, live and unknown")
	t.same(t.reload(sessions)[1], before, "the session that had been ended before")
}

func endListedTwice(t *trial) {
	sessions := t.login(t.user("ann").ID, 2)
	mark := newMark()
	_, before := t.entries(0)
	deaths := deathsOf(audit.Logout, t.clock(), sessions[0], sessions[1], sessions[0], sessions[1])
	deaths[2].Reason, deaths[3].Reason = audit.Reuse, audit.Reuse
	ended, err := t.store.End(t.Context(), deaths, mark)
	t.must(err, "End")
	t.same(sorted(endedIDs(ended)), sorted(idsOf(sessions)), "the ended ids")
	for _, s := range t.reload(sessions) {
		if s.EndReason != audit.Logout {
			t.Errorf("the reason is %q, want the first that was listed", s.EndReason)
		}
	}
	t.written(before.Seq, mark, killsOf(sessions...)...)
}

func endKills(t *trial) {
	ann := t.user("ann")
	sessions := t.login(ann.ID, 12)
	t.end(audit.Logout, newMark(), sessions[7])
	// Marks are all of 64 bits: one that would be negative, one that is the greatest, and a small one.
	marks := []uint64{1 << 63, 1<<64 - 1, 7}
	for i, batch := range [][]tokens.Session{sessions[0:1], sessions[1:6], sessions[6:]} {
		_, before := t.entries(0)
		alive := slices.DeleteFunc(slices.Clone(batch), func(s tokens.Session) bool { return s.ID == sessions[7].ID })
		ended := t.end(audit.Logout, marks[i], batch...)
		t.same(sorted(ended), sorted(idsOf(alive)), "the ended ids")
		t.written(before.Seq, marks[i], killsOf(alive...)...)
	}
	for _, s := range t.reload(sessions) {
		if s.EndedAt.IsZero() {
			t.Errorf("session %s has a kill and was not ended", s.ID)
		}
	}
}

func endNothing(t *trial) {
	sessions := t.login(t.user("ann").ID, 2)
	t.end(audit.Logout, newMark(), sessions...)
	wantEntries, wantHead := t.entries(0)
	unknown := tokens.Session{ID: t.sessionID()}
	if ended := t.end(audit.Reuse, newMark(), sessions[0], unknown, sessions[1]); len(ended) != 0 {
		t.Errorf("ended %v again", ended)
	}
	entries, head := t.entries(0)
	t.same(entries, wantEntries, "the feed after an end of nothing")
	t.same(pinned(head), pinned(wantHead), "the head after an end of nothing")
}

// The time of the decision is not the time of the write: a request can lie in a queue, and a token that
// was allowed meanwhile would outlive a kill that counts from too early. Nor may a decision's clock
// that is ahead keep kills for ever.
func endUntil(t *trial) {
	ann := t.user("ann")
	longest := maxTTL
	for i, s := range t.login(ann.ID, 4) {
		if i == 2 {
			longest = 50 * time.Minute
			_, err := t.store.RaiseHead(t.Context(), feedID, longest, jwksMaxAge)
			t.must(err, "RaiseHead")
		}
		_, head := t.entries(0)
		before := t.clock()
		decided := before.Add([]time.Duration{-time.Hour, time.Hour}[i%2])
		if i < 3 {
			_, err := t.store.End(t.Context(), deathsOf(audit.Logout, decided, s), newMark())
			t.must(err, "End")
		} else {
			t.change(tokens.UserChange{User: ann.ID, Version: t.loadUser(ann.ID).RowVersion,
				End: deathsOf(audit.LogoutAll, decided, s), RaiseEpoch: true})
		}
		after := t.clock()
		entries, _ := t.entries(head.Seq)
		for _, e := range entries {
			t.between(e.Until, revocation.Until(before, longest), revocation.Until(after, longest), "until")
		}
	}
}

// between checks a time that a store took from its own clock.
func (t *trial) between(got, from, to time.Time, of string) {
	t.Helper()
	if got.Before(from) || got.After(to) {
		t.Errorf("%s is %v, want between %v and %v", of, got, from, to)
	}
	if got.Location() != time.UTC {
		t.Errorf("%s is %v, want UTC", of, got)
	}
}

// A store without a head was never served from, or was half restored. A session that ends there would
// have no kill, and its access token would live on.
func endHeadless(t *trial) {
	ann := t.user("ann")
	s := t.login(ann.ID, 1)[0]
	user := t.loadUser(ann.ID)
	if _, err := t.store.End(t.Context(), deathsOf(audit.Logout, t.clock(), s), newMark()); err == nil {
		t.Errorf("End reported no error without a head")
	}
	applied, err := t.store.ChangeUser(t.Context(), tokens.UserChange{User: ann.ID, Version: user.RowVersion,
		RaiseEpoch: true}, newMark())
	if err == nil {
		t.Errorf("ChangeUser raised an epoch without a head and reported no error, applied %t", applied)
	}
	want := tokens.Loaded{Session: s, Owner: user}
	t.same(t.load(s.ID)[0], want, "the session and its user")
}

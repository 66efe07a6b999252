package storetest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
)

var followClaims = []claim{
	{name: "following reads the head, the place and what follows it, in order and up to the limit", prove: followReads},
	{name: "without a head there is nothing to follow", prove: followHeadless, bare: true},
	{name: "head and entries are of one moment, whoever writes meanwhile", prove: followOneMoment},
	{name: "a vouch moves nothing but as_of, by whoever saw it as it is, and never back", prove: vouchMoves},
	{name: "as_of is honest to whoever follows", prove: followAsOf},
	{name: "the collector of kills takes the oldest that ran out, up to its limit and bound", prove: collectKillsBounds},
	{name: "the collector of kills leaves killed keys and the newest entries", prove: collectKillsLeaves},
}

func (t *trial) follow(after int64, limit int) revocation.Reading {
	t.Helper()
	r, err := t.again.Follow(t.Context(), after, limit)
	t.must(err, "Follow")
	return r
}

// kill adds entries of their own, each by a transaction of its own, and returns the whole feed.
func (t *trial) kill(kinds ...revocation.Kind) []revocation.Entry {
	t.Helper()
	for _, kind := range kinds {
		subject := revocation.SubjectOf(t.userID().String())
		t.must(t.store.AddKills(t.Context(), []revocation.Kill{{Key: revocation.Key{Kind: kind, Subject: subject}}}, newMark()), "AddKills")
	}
	entries, _ := t.entries(0)
	return entries
}

func followReads(t *trial) {
	ann := t.user("ann")
	t.end(audit.Logout, newMark(), t.login(ann.ID, 3)...)
	t.raise(ann.ID)
	all := t.kill(revocation.Jti, revocation.Kid, revocation.Sid)
	_, head := t.entries(0)
	last := head.Seq
	for _, c := range []struct {
		after int64
		limit int
	}{{0, 100}, {0, int(last)}, {0, int(last) - 1}, {0, 1}, {0, 0}, {1, 2}, {3, 100}, {last - 1, 100}, {last, 100}, {last + 1, 100}, {last + 1000, 5}} {
		before := t.clock()
		r := t.follow(c.after, c.limit)
		t.between(r.Clock, before, t.clock(), "the clock of a reading")
		t.same(pinned(r.Head), pinned(head), "the head as followed")
		first := min(int(c.after), len(all))
		t.same(r.Entries, all[first:min(first+c.limit, len(all))], "the entries that follow")
		if found := c.after >= 1 && c.after <= last; r.Found != found {
			t.Errorf("Follow says that a row stands at %d: %t", c.after, r.Found)
		} else if found && r.Mark != all[c.after-1].Mark {
			t.Errorf("the mark at %d is %x, want %x", c.after, r.Mark, all[c.after-1].Mark)
		}
	}
}

func followHeadless(t *trial) {
	if r, err := t.store.Follow(t.Context(), 0, 10); err == nil {
		t.Errorf("Follow found a head: %+v", r.Head)
	}
}

// A follower that reads a head of one moment and entries of another takes the place of entries that it
// has not read.
func followOneMoment(t *trial) {
	const writes = 40
	ann := t.user("ann")
	var over atomic.Bool
	var writing sync.WaitGroup
	for range 2 {
		writing.Go(func() {
			defer over.Store(true)
			for range writes {
				kill := revocation.KillBelow(ann.ID, auth.Epoch(2))
				if err := t.insist(func() error { return t.store.AddKills(t.Context(), []revocation.Kill{kill, kill}, newMark()) }); err != nil {
					t.Errorf("AddKills: %v", err)
					return
				}
			}
		})
	}
	defer writing.Wait()
	for place, mark := int64(0), uint64(0); !over.Load(); {
		r, err := t.again.Follow(t.Context(), place, 1000)
		if err != nil {
			t.Errorf("Follow: %v", err)
			return
		}
		if place > 0 && (!r.Found || r.Mark != mark) {
			t.Errorf("at %d stands %x, want %x", place, r.Mark, mark)
		}
		for i, e := range r.Entries {
			if e.Seq != place+int64(i)+1 {
				t.Errorf("after %d: entry %d has the number %d", place, i, e.Seq)
				return
			}
			mark = e.Mark
		}
		if got := place + int64(len(r.Entries)); got != r.Head.Seq || got > 0 && r.Head.Mark != mark {
			t.Errorf("the head says %d %x, and the entries go to %d %x", r.Head.Seq, r.Head.Mark, got, mark)
			return
		}
		place = r.Head.Seq
	}
}

// C24: the word of an instance is a committed write, or the clock of the only one that there is.
func vouchMoves(t *trial) {
	t.kill(revocation.Jti)
	entries, head := t.entries(0)
	seen := t.follow(0, 0).Head.AsOf
	t.must(t.store.Vouch(t.Context(), seen), "Vouch")
	gotEntries, got := t.entries(0)
	t.same(gotEntries, entries, "the feed after a vouch")
	t.same(pinned(got), pinned(head), "the head after a vouch, but for as_of")
	if now := t.follow(0, 0).Head.AsOf; !now.After(seen) {
		t.Errorf("as_of was %v and is %v after a vouch", seen, now)
	}
	t.must(t.again.Vouch(t.Context(), seen), "Vouch on what another one moved")
	if _, later := t.entries(0); !later.AsOf.Equal(got.AsOf) {
		t.Errorf("as_of was moved from %v to %v by who saw an older one", got.AsOf, later.AsOf)
	}
	ahead := t.clock().Add(time.Hour)
	t.must(t.vouch(t.Context(), ahead), "an instance whose clock was ahead")
	t.must(t.store.Vouch(t.Context(), ahead), "Vouch")
	if _, later := t.entries(0); !later.AsOf.Equal(ahead) {
		t.Errorf("as_of went back from %v to %v", ahead, later.AsOf)
	}
}

// as_of must be no later than when the head was read, and a vouch makes it no earlier than the call.
func followAsOf(t *trial) {
	for range 3 {
		t.kill(revocation.Jti)
		before := t.clock()
		t.must(t.store.Vouch(t.Context(), t.follow(0, 0).Head.AsOf), "Vouch")
		r := t.follow(0, 0)
		t.between(r.Head.AsOf, before, t.clock(), "as_of after a vouch")
	}
}

func (t *trial) collectKills(before time.Time, keep int64, limit, want int) {
	t.Helper()
	n, err := t.store.CollectKills(t.Context(), before, keep, limit)
	t.must(err, "CollectKills")
	if n != want {
		t.Errorf("CollectKills deleted %d, want %d", n, want)
	}
}

// stand checks which entries are left, and that the head is not touched.
func (t *trial) stand(head revocation.Head, want []revocation.Entry) {
	t.Helper()
	got, gotHead := t.entries(0)
	t.same(got, want, "the entries that are left")
	t.same(pinned(gotHead), pinned(head), "the head")
}

func collectKillsBounds(t *trial) {
	sid := revocation.Sid
	all := t.kill(sid, sid, sid, sid, sid, sid)
	_, head := t.entries(0)
	t.collectKills(all[0].Until, 0, 100, 0) // nothing lies before its own end
	t.collectKills(all[5].Until.Add(time.Hour), 0, 0, 0)
	t.collectKills(all[5].Until.Add(time.Hour), 0, -1, 0)
	t.collectKills(time.Now().Add(time.Minute), 0, 100, 0) // C13: what tokens that live still need
	t.stand(head, all)
	t.collectKills(all[3].Until, 0, 2, 2)
	t.stand(head, all[2:])
	t.collectKills(all[3].Until, 0, 100, 1)
	t.stand(head, all[3:])
}

func collectKillsLeaves(t *trial) {
	all := t.kill(revocation.Sid, revocation.Kid, revocation.Jti, revocation.Sub, revocation.Kid, revocation.Sid, revocation.Sid)
	_, head := t.entries(0)
	late := all[6].Until.Add(time.Hour)
	t.collectKills(late, 7, 100, 0)
	t.collectKills(late, 100, 100, 0)
	t.stand(head, all)
	t.collectKills(late, 3, 100, 3)
	t.stand(head, []revocation.Entry{all[1], all[4], all[5], all[6]})
	t.collectKills(late, 0, 100, 2)
	t.stand(head, []revocation.Entry{all[1], all[4]})
	if r := t.follow(7, 10); r.Found || r.Head.Seq != 7 {
		t.Errorf("a place that was collected: found %t, head at %d", r.Found, r.Head.Seq)
	}
}

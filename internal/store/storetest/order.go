package storetest

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

var orderClaims = []claim{
	{name: "C14: a follower right behind concurrent writers misses nothing", prove: followerMissesNothing},
	{name: "until never falls along the feed, whoever waited for the head", prove: untilInOrder},
	{name: "G7: ends, changes and rotations of the same sessions at once leave everything whole", prove: storm},
}

const (
	writers = 6
	rounds  = 6 // of each writer
)

// crowd writes to the feed from both handles at once: every writer ends two sessions at a time and
// raises the epoch of a user of its own. It returns what each wrote, in its own order.
func (t *trial) crowd() [][]revocation.Kill {
	t.Helper()
	users := make([]accounts.User, writers)
	sessions := make([][]tokens.Session, writers)
	for i := range users {
		users[i] = t.user("user-" + string(rune('a'+i)))
		sessions[i] = t.login(users[i].ID, 2*rounds)
	}
	wrote := make([][]revocation.Kill, writers)
	t.race(writers, func(i int, s Store) {
		for round := range rounds {
			pair := sessions[i][2*round : 2*round+2]
			deaths := deathsOf(audit.Logout, pair[0].CreatedAt, pair...)
			if err := t.insist(func() error { _, err := s.End(t.Context(), deaths, newMark()); return err }); err != nil {
				t.Errorf("End: %v", err)
			}
			wrote[i] = append(wrote[i], killsOf(pair...)...)
			if round%2 == 1 {
				if _, err := t.persist(s, &tokens.UserChange{User: users[i].ID, RaiseEpoch: true}, newMark()); err != nil {
					t.Errorf("ChangeUser: %v", err)
				}
				wrote[i] = append(wrote[i], revocation.KillBelow(users[i].ID, auth.Epoch(round/2+2)))
			}
		}
	})
	return wrote
}

// A serial number is taken before the commit, so a higher one can be seen first; whoever reads then and
// moves on never sees the lower one. Here the head orders both.
func followerMissesNothing(t *trial) {
	f := follower{trial: t}
	var over atomic.Bool
	var reading sync.WaitGroup
	reading.Go(func() {
		for last := false; !last && f.look(); {
			last = over.Load() // the next look comes after the last write
		}
		f.look()
	})
	defer reading.Wait()
	defer over.Store(true)
	wrote := t.crowd()
	over.Store(true)
	reading.Wait()

	final, _ := t.entries(0)
	t.same(f.seen, final, "what the follower saw, against the feed at the end")
	for _, own := range wrote {
		var got []revocation.Kill
		for _, e := range final {
			if slices.Contains(own, e.Kill) {
				got = append(got, e.Kill)
			}
		}
		t.same(got, own, "one writer's kills, in the order in which it was told of their commit")
	}
}

// follower reads the feed from where it is, as an instance does that polls its store.
type follower struct {
	*trial
	seen []revocation.Entry
	asOf time.Time
}

// look reads on, and says whether there is any sense in looking again.
func (f *follower) look() bool {
	entries, head, err := f.feed(f.Context(), int64(len(f.seen)))
	if err != nil {
		f.Errorf("read the feed: %v", err)
		return false
	}
	for _, e := range entries {
		if want := int64(len(f.seen) + 1); e.Seq != want {
			f.Errorf("a follower that has read to %d sees seq %d next", want-1, e.Seq)
			return false
		}
		f.seen = append(f.seen, e)
	}
	if n := len(f.seen); head.Seq != int64(n) || (n > 0 && head.Mark != f.seen[n-1].Mark) {
		f.Errorf("the head has seq %d and mark %#x, its entries end at %d", head.Seq, head.Mark, n)
		return false
	}
	if head.AsOf.Before(f.asOf) {
		f.Errorf("as_of went back from %v to %v", f.asOf, head.AsOf)
	}
	f.asOf = head.AsOf
	return true
}

// Each clock is read while its transaction holds the head, after the one before let go of it. Read any
// earlier, it would be older than tokens that were signed while the transaction waited.
func untilInOrder(t *trial) {
	t.crowd()
	entries, _ := t.entries(0)
	for i := 1; i < len(entries); i++ {
		if entries[i].Until.Before(entries[i-1].Until) {
			t.Errorf("until falls from %v to %v between seq %d and %d", entries[i-1].Until, entries[i].Until,
				entries[i-1].Seq, entries[i].Seq)
		}
	}
}

// whole checks all that must be true of users and their sessions whatever happened to them: a session
// is ended if and only if the feed has its kill, once, each epoch has its entry, and the head is at
// the feed's end.
func (t *trial) whole(users []accounts.User, sessions []tokens.Session) {
	t.Helper()
	entries, head := t.entries(0)
	count := make(map[revocation.Kill]int)
	for i, e := range entries {
		count[e.Kill]++
		if e.Seq != int64(i+1) {
			t.Fatalf("entry %d has seq %d", i+1, e.Seq)
		}
	}
	if n := len(entries); head.Seq != int64(n) || (n > 0 && head.Mark != entries[n-1].Mark) {
		t.Errorf("the head has seq %d and mark %#x at the end of %d entries", head.Seq, head.Mark, n)
	}
	kills, live := 0, make(map[auth.UserID][]auth.SessionID)
	rows, _, err := t.again.LoadSessions(t.Context(), idsOf(sessions))
	t.must(err, "LoadSessions")
	for _, row := range rows {
		want := 0
		if !row.EndedAt.IsZero() {
			want = 1
		} else {
			live[row.User] = append(live[row.User], row.ID)
		}
		if got := count[revocation.KillSession(row.ID)]; got != want {
			t.Errorf("session %s, ended at %v for %q, has %d kills", row.ID, row.EndedAt, row.EndReason, got)
		}
		kills += want
	}
	for _, u := range users {
		user, listed, _, _, err := t.store.LoadUser(t.Context(), u.ID)
		t.must(err, "LoadUser")
		t.same(sorted(idsOf(listed)), sorted(live[u.ID]), "the live sessions of "+u.Username)
		for epoch := u.Epoch + 1; epoch <= user.Epoch; epoch++ {
			if got := count[revocation.KillBelow(u.ID, epoch)]; got != 1 {
				t.Errorf("epoch %d of %s has %d entries", epoch, u.Username, got)
			}
			kills++
		}
	}
	if kills != len(entries) {
		t.Errorf("the feed has %d entries, of which %d belong to something that happened", len(entries), kills)
	}
}

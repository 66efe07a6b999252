package storetest

import (
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

var raceClaims = []claim{
	{name: "B9: of a hundred rotations of one session at once exactly one wins", prove: rotationRace},
	{name: "B9: batches that race over the same sessions give each session one winner", prove: batchRace},
	{name: "many who end one session at once end it once", prove: endRace},
	{name: "of many changes decided on one version exactly one is applied", prove: changeRace},
}

// tally counts, for each session, who says that it was written or ended by them.
type tally struct {
	mu sync.Mutex
	by map[auth.SessionID][]int
}

func (l *tally) add(who int, ids []auth.SessionID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil {
		l.by = make(map[auth.SessionID][]int)
	}
	for _, id := range ids {
		l.by[id] = append(l.by[id], who)
	}
}

func rotationRace(t *trial) {
	s := t.login(t.user("ann").ID, 1)[0]
	for round := range 4 {
		t.contest(100, []tokens.Session{s}, round)
		s = t.reload([]tokens.Session{s})[0]
	}
}

func batchRace(t *trial) {
	sessions := t.login(t.user("ann").ID, 40)
	for round := range 4 {
		t.contest(12, sessions, round)
		sessions = t.reload(sessions)
	}
}

// contest has n racers rotate the same sessions, each in an order of its own, and checks that each
// session has one winner and holds what that one wrote.
func (t *trial) contest(n int, sessions []tokens.Session, round int) {
	t.Helper()
	batches := make([][]tokens.Rotation, n)
	for i := range batches {
		batches[i] = steps(sessions)
	}
	var winners tally
	t.race(n, func(i int, s Store) {
		turned := slices.Clone(batches[i])
		rand.Shuffle(len(turned), func(a, b int) { turned[a], turned[b] = turned[b], turned[a] })
		var written []auth.SessionID
		err := t.insist(func() (err error) {
			written, err = s.Rotate(t.Context(), turned)
			return err
		})
		if err != nil {
			t.Errorf("Rotate: %v", err)
		}
		winners.add(i, written)
	})
	for at, row := range t.reload(sessions) {
		won := winners.by[row.ID]
		if len(won) != 1 {
			t.Fatalf("round %d: session %d was won by %v, want one winner", round, at, won)
		}
		t.same(row, stepped(sessions[at], batches[won[0]][at]), "the row of a session that one racer won")
	}
}

// The enders come by both ways: a logout's lane, and a change of the user.
func endRace(t *trial) {
	ann := t.user("ann")
	for _, change := range []uint64{16, 4, 2, 16} {
		t.raceToEnd(ann.ID, change)
	}
}

// raceToEnd has 15 racers end the same sessions, each in an order of its own, and every so many of them
// by a change of their user in the name of one of the sessions. As many others rotate them meanwhile.
func (t *trial) raceToEnd(user auth.UserID, change uint64) {
	t.Helper()
	sessions := t.login(user, 30)
	_, before := t.entries(0)
	var enders tally
	batch := steps(sessions)
	t.race(2*15, func(i int, s Store) {
		if i >= 15 {
			turned := slices.Clone(batch)
			rand.Shuffle(len(turned), func(a, b int) { turned[a], turned[b] = turned[b], turned[a] })
			if err := t.insist(func() error { _, err := s.Rotate(t.Context(), turned); return err }); err != nil {
				t.Errorf("Rotate: %v", err)
			}
			return
		}
		mark := uint64(i + 1)
		deaths := deathsOf(audit.Logout, sessions[0].CreatedAt, sessions...)
		rand.Shuffle(len(deaths), func(a, b int) { deaths[a], deaths[b] = deaths[b], deaths[a] })
		if mark%change == 0 {
			// Once: should its guard be ended first, there is nothing that it could do.
			err := t.insist(func() error {
				u, _, _, _, err := s.LoadUser(t.Context(), user)
				if err == nil {
					_, err = s.ChangeUser(t.Context(), tokens.UserChange{User: user, Version: u.RowVersion,
						Guard: deaths[0].Session, End: deaths[1:]}, mark)
				}
				return err
			})
			if err != nil {
				t.Errorf("ChangeUser: %v", err)
			}
			return
		}
		var ended []tokens.Ended
		err := t.insist(func() (err error) {
			ended, err = s.End(t.Context(), deaths, mark)
			return err
		})
		if err != nil {
			t.Errorf("End: %v", err)
		}
		enders.add(int(mark), endedIDs(ended))
	})
	entries, head := t.entries(before.Seq)
	if len(entries) != len(sessions) || head.Seq != before.Seq+int64(len(sessions)) {
		t.Errorf("%d sessions died and left %d entries", len(sessions), len(entries))
	}
	markOf := make(map[revocation.Key]int)
	for _, e := range entries {
		markOf[e.Key] = int(e.Mark)
	}
	for at, row := range t.reload(sessions) {
		var want []int // a change does not say what it ended
		if mark := markOf[revocation.KillSession(row.ID).Key]; uint64(mark)%change != 0 {
			want = []int{mark}
		}
		t.same(enders.by[row.ID], want, "who says that they ended the session whose kill has this mark")
		if row.EndedAt.IsZero() {
			t.Errorf("session %d was not ended", at)
		}
	}
}

// persist decides a change on the row as it stands and tries it, until it is applied or it is clear
// that others are always faster.
func (t *trial) persist(s Store, c *tokens.UserChange, mark uint64) (applied bool, err error) {
	for range 100 {
		user, _, _, _, err := s.LoadUser(t.Context(), c.User)
		if err != nil {
			return false, err
		}
		c.Version = user.RowVersion
		err = t.insist(func() (err error) {
			applied, err = s.ChangeUser(t.Context(), *c, mark)
			return err
		})
		if applied || err != nil {
			return applied, err
		}
	}
	return false, nil
}

func changeRace(t *trial) {
	ann := t.user("ann")
	sessions := t.login(ann.ID, 2)
	before := t.read(ann, sessions)
	const racers = 20
	changes := make([]tokens.UserChange, racers)
	for i := range changes {
		changes[i] = t.everything(before.User, sessions)
		changes[i].Guard = auth.SessionID{} // which the winner ends, so it would refuse the others
		changes[i].PasswordHash = hashOf(changes[i].Open.ID.String())
	}
	won := make([]bool, racers)
	t.race(racers, func(i int, s Store) {
		err := t.insist(func() (err error) {
			won[i], err = s.ChangeUser(t.Context(), changes[i], newMark())
			return err
		})
		if err != nil {
			t.Errorf("ChangeUser: %v", err)
		}
	})
	winner := slices.Index(won, true)
	if winner < 0 || slices.Contains(won[winner+1:], true) {
		t.Fatalf("not one winner: %v", won)
	}
	after := t.read(ann, sessions)
	if after.User.Epoch != before.User.Epoch+1 || after.User.RowVersion != before.User.RowVersion+1 ||
		after.Credentials.PasswordHash != changes[winner].PasswordHash || after.Live != 1 ||
		after.Head.Seq != before.Head.Seq+3 {
		t.Errorf("after one of %d changes was applied, the user is %+v", racers, after)
	}
	t.same(t.load(changes[winner].Open.ID)[0].Session, *changes[winner].Open, "the session that the winner opened")
	for i, c := range changes {
		if rows, _, err := t.store.LoadSessions(t.Context(), []auth.SessionID{c.Open.ID}); err != nil || (len(rows) > 0) != (i == winner) {
			t.Errorf("racer %d left %d sessions, error %v", i, len(rows), err)
		}
	}
}

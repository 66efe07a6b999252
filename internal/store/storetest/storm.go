package storetest

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// storm has eight workers on two handles rotate, end and change the same few sessions, each batch in an
// order of its own. Whoever takes locks in two orders meets a deadlock here.
func storm(t *trial) {
	const workers, turns = 8, 12
	var users []accounts.User
	var sessions []tokens.Session
	for _, name := range []string{"ann", "ben", "cid"} {
		u := t.user(name)
		users, sessions = append(users, u), append(sessions, t.login(u.ID, 5)...)
	}
	// What will be opened is made beforehand, so that its fate is known even if nobody was told.
	spare := make([][]tokens.Session, workers)
	for i := range spare {
		for turn := range turns {
			spare[i] = append(spare[i], t.session(users[(i+turn)%len(users)].ID))
		}
		sessions = append(sessions, spare[i]...)
	}
	// Not a measure of speed: a deadlock that nobody resolves ends here instead of at the test's limit.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	t.race(workers, func(i int, s Store) {
		w := worker{trial: t, ctx: ctx, store: s, random: rand.New(rand.NewPCG(uint64(i), 1))}
		for turn := range turns {
			var err error
			switch w.random.IntN(5) {
			case 0:
				err = w.endSome(users)
			case 1, 2:
				err = w.changeOne(spare[i][turn])
			default:
				err = w.rotateAll(users)
			}
			if err != nil {
				t.Errorf("worker %d, turn %d: %v", i, turn, err)
			}
		}
	})
	t.whole(users, sessions)
}

type worker struct {
	*trial
	ctx    context.Context
	store  Store
	random *rand.Rand
}

// live lists the live sessions of users, shuffled, as they were a moment ago.
func (w worker) live(users []accounts.User) ([]tokens.Session, error) {
	var all []tokens.Session
	for _, u := range users {
		_, sessions, _, _, err := w.store.LoadUser(w.ctx, u.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, sessions...)
	}
	w.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all, nil
}

func (w worker) endSome(users []accounts.User) error {
	live, err := w.live(users)
	if err != nil {
		return err
	}
	deaths := deathsOf(audit.Reuse, time.Now(), live[:min(3, len(live))]...)
	return w.insist(func() error { _, err := w.store.End(w.ctx, deaths, newMark()); return err })
}

func (w worker) rotateAll(users []accounts.User) error {
	live, err := w.live(users)
	if err != nil {
		return err
	}
	return w.insist(func() error { _, err := w.store.Rotate(w.ctx, steps(live)); return err })
}

// changeOne opens a session and ends another of its user, in the name of a third, as often as it takes.
func (w worker) changeOne(opened tokens.Session) error {
	for range 20 {
		user, live, _, _, err := w.store.LoadUser(w.ctx, opened.User)
		if err != nil {
			return err
		}
		c := tokens.UserChange{User: user.ID, Version: user.RowVersion, Open: &opened, RaiseEpoch: w.random.IntN(3) == 0}
		if n := len(live); n > 2 {
			c.Guard = live[w.random.IntN(n)].ID
			c.End = deathsOf(audit.SessionLimit, time.Now(), live[w.random.IntN(n)], live[w.random.IntN(n)])
			c.End = distinctDeaths(c.End)
		}
		var applied bool
		err = w.insist(func() (err error) {
			applied, err = w.store.ChangeUser(w.ctx, c, newMark())
			return err
		})
		if applied || err != nil {
			return err
		}
	}
	return nil // others were always faster
}

func distinctDeaths(deaths []tokens.Death) []tokens.Death {
	seen := make(map[auth.SessionID]bool)
	var distinct []tokens.Death
	for _, d := range deaths {
		if !seen[d.Session] {
			distinct = append(distinct, d)
		}
		seen[d.Session] = true
	}
	return distinct
}

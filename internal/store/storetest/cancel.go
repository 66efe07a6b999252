package storetest

import (
	"context"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

var cancelClaims = []claim{
	{name: "a write under a context that is over reports an error and writes nothing", prove: writesAfterCancel},
	{name: "a write that is cancelled at any moment is whole or not there", prove: writesCutShort},
}

func writesAfterCancel(t *trial) {
	ann := t.user("ann")
	sessions := t.login(ann.ID, 2)
	key, private := t.key("one", 1)
	want, wantRing := t.read(ann, sessions), t.keyring()
	change := t.everything(want.User, sessions)
	at := t.clock()
	guesses := accounts.CounterKey{Account: half()}
	counted := t.swap(failing(accounts.CounterKey{Account: half()}, 1, at))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, write := range map[string]func() error{
		"Rotate": func() error { _, err := t.store.Rotate(ctx, steps(sessions)); return err },
		"End": func() error {
			_, err := t.store.End(ctx, deathsOf(audit.Logout, at, sessions...), newMark())
			return err
		},
		"ChangeUser": func() error { _, err := t.store.ChangeUser(ctx, change, newMark()); return err },
		"AddKills": func() error {
			return t.store.AddKills(ctx, []revocation.Kill{revocation.KillSession(sessions[0].ID)}, newMark())
		},
		"ChangeKeyring": func() error {
			_, err := t.store.ChangeKeyring(ctx, tokens.KeyringChange{Version: wantRing.Version,
				Secrets: []tokens.SealedSecret{private}, Keys: []tokens.PublishedKey{key}}, newMark())
			return err
		},
		"CreateUser": func() error {
			_, err := t.store.CreateUser(ctx, accounts.User{ID: t.userID(), Username: "ben", Epoch: 1}, "hash")
			return err
		},
		"AddUsers": func() error {
			return t.store.AddUsers(ctx, []accounts.Credentials{{User: accounts.User{ID: t.userID(), Username: "cy"}}}, nil)
		},
		"RaiseGreatestCost": func() error { return t.store.RaiseGreatestCost(ctx, 14) },
		"CollectSessions": func() error {
			_, err := t.store.CollectSessions(ctx, at.Add(10_000*time.Hour), 100)
			return err
		},
		"SwapCounters": func() error {
			_, err := t.store.SwapCounters(ctx, []accounts.Counter{failing(guesses, 2, at)})
			return err
		},
		"ClearCounters": func() error { _, err := t.store.ClearCounters(ctx, counted[0].Account); return err },
		"CollectCounters": func() error {
			_, err := t.store.CollectCounters(ctx, at.Add(time.Hour), 100)
			return err
		},
		"RaiseHead": func() error { _, err := t.store.RaiseHead(ctx, feedID, time.Hour, time.Hour); return err },
	} {
		if err := write(); err == nil {
			t.Errorf("%s reported no error", name)
		}
	}
	t.same(t.read(ann, sessions), want, "the user and the feed")
	ring := t.keyring()
	ring.Clock = wantRing.Clock
	t.same(ring, wantRing, "the keyring")
	t.same(t.counters(counted[0].CounterKey, guesses), append(counted, accounts.Counter{CounterKey: guesses}), "the counters")
	_, cost, found, err := t.store.CredentialsByName(t.Context(), "ben")
	t.must(err, "CredentialsByName")
	if found || cost != 0 {
		t.Errorf("a user was created: %t; the greatest cost is %d", found, cost)
	}
}

// B14, G4: deadlines that fall before, into and after each part of a transaction. What an error of kind
// Unavailable hides may have happened, or may yet: but then all of it.
func writesCutShort(t *trial) {
	ann := t.user("ann")
	var all []tokens.Session
	for i := range 40 {
		sessions := t.login(ann.ID, 2)
		before := t.read(ann, sessions)
		c := cutShort{change: t.everything(before.User, sessions), mark: newMark()}
		c.change.PasswordHash = hashOf(c.change.Open.ID.String())
		all = append(all, append(sessions, *c.change.Open)...)

		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*50*time.Microsecond)
		if c.whole = i%2 == 0; c.whole {
			c.done, c.err = t.store.ChangeUser(ctx, c.change, c.mark)
		} else {
			var ended []tokens.Ended
			ended, c.err = t.store.End(ctx, c.change.End, c.mark)
			c.done = len(ended) > 0
		}
		cancel()
		if c.err != nil {
			t.fence(ann.ID, sessions)
		}
		t.whole([]accounts.User{ann}, all)
		t.allOrNothing(before, t.read(ann, sessions), c)
	}
}

// cutShort is a write that may have been cancelled: a whole change, or the ends of one alone.
type cutShort struct {
	change tokens.UserChange
	whole  bool
	mark   uint64
	done   bool // what was answered
	err    error
}

// fence makes sure that a write which was given up comes now or never: a message on its way may still
// arrive, and must then find another version, and sessions that are ended.
func (t *trial) fence(user auth.UserID, sessions []tokens.Session) {
	t.Helper()
	if applied, err := t.persist(t.again, &tokens.UserChange{User: user}, newMark()); !applied || err != nil {
		t.Fatalf("ChangeUser after a write that was given up: applied %t, error %v", applied, err)
	}
	t.end(audit.Logout, newMark(), sessions...)
}

// allOrNothing checks what a write left, which its mark in the feed tells, against its answer.
func (t *trial) allOrNothing(before, after state, c cutShort) {
	t.Helper()
	entries := 0
	for _, e := range after.Feed {
		if e.Mark == c.mark {
			entries++
		}
	}
	want := len(c.change.End)
	if c.whole {
		want++
	}
	happened := entries > 0
	opened, _, err := t.store.LoadSessions(t.Context(), []auth.SessionID{c.change.Open.ID})
	t.must(err, "LoadSessions")
	changed := after.Credentials.PasswordHash != before.Credentials.PasswordHash || len(opened) > 0
	switch {
	case happened && entries != want:
		t.Errorf("of %d entries of one write %d are there", want, entries)
	case changed && !(c.whole && happened):
		t.Errorf("half of a change was written: %+v", after)
	case c.whole && happened && (len(opened) == 0 || after.User.Epoch != before.User.Epoch+1 ||
		after.Credentials.PasswordHash != c.change.PasswordHash):
		t.Errorf("half of a change was written: %+v", after)
	case c.err == nil && c.done != happened:
		t.Errorf("the answer is %t, what happened %t", c.done, happened)
	case c.err != nil && happened && auth.KindOf(c.err) != auth.Unavailable:
		t.Errorf("an error that is not of kind Unavailable hides a commit: %v", c.err)
	}
}

package storetest

import (
	"context"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
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
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, write := range map[string]func() error{
		"Rotate": func() error { _, err := t.store.Rotate(ctx, steps(sessions)); return err },
		"End": func() error {
			_, err := t.store.End(ctx, deathsOf(audit.Logout, at, sessions...), newMark())
			return err
		},
		"ChangeUser": func() error { _, err := t.store.ChangeUser(ctx, change, newMark()); return err },
		"AddKeyring": func() error {
			return t.store.AddKeyring(ctx, []tokens.SealedSecret{private}, []tokens.PublishedKey{key})
		},
		"CreateUser": func() error {
			_, err := t.store.CreateUser(ctx, accounts.User{ID: t.userID(), Username: "ben", Epoch: 1}, "hash")
			return err
		},
		"RaiseGreatestCost": func() error { return t.store.RaiseGreatestCost(ctx, 14) },
		"CollectSessions": func() error {
			_, err := t.store.CollectSessions(ctx, at.Add(10_000*time.Hour), 100)
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
	_, cost, found, err := t.store.CredentialsByName(t.Context(), "ben")
	t.must(err, "CredentialsByName")
	if found || cost != 0 {
		t.Errorf("a user was created: %t; the greatest cost is %d", found, cost)
	}
}

// B14, G4: deadlines that fall before, into and after each part of a transaction. What an error of kind
// Unavailable hides may have happened, but then all of it.
func writesCutShort(t *trial) {
	ann := t.user("ann")
	users, all := []accounts.User{ann}, []tokens.Session(nil)
	for i := range 40 {
		sessions := t.login(ann.ID, 2)
		before := t.read(ann, sessions)
		change := t.everything(before.User, sessions)
		all = append(all, append(sessions, *change.Open)...)
		deaths := deathsOf(audit.Logout, t.clock(), sessions...)

		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*50*time.Microsecond)
		var err error
		done := false
		if i%2 == 0 {
			done, err = t.store.ChangeUser(ctx, change, newMark())
		} else {
			var ended []auth.SessionID
			ended, err = t.store.End(ctx, deaths, newMark())
			done = len(ended) > 0
		}
		cancel()
		t.whole(users, all)
		after := t.read(ann, sessions)
		t.oneOrTheOther(before, after, done, err)
	}
}

// oneOrTheOther checks the answer of a write that ends the first two of a user's sessions, and perhaps
// does more, against what it left.
func (t *trial) oneOrTheOther(before, after state, done bool, err error) {
	t.Helper()
	happened := !after.Sessions[0].EndedAt.IsZero()
	changed := after.User.RowVersion != before.User.RowVersion
	password := after.Credentials.PasswordHash == hashOf("the next password")
	switch {
	case after.Sessions[1].EndedAt.IsZero() == happened:
		t.Errorf("of two sessions ended together one is: %+v", after.Sessions)
	case changed && !(happened && password && after.User.Epoch == before.User.Epoch+1):
		t.Errorf("half of a change was written: %+v", after)
	case !changed && after.User.Epoch != before.User.Epoch:
		t.Errorf("the epoch was raised and the version was not: %+v", after)
	case err == nil && done != happened:
		t.Errorf("the answer is %t, what happened %t", done, happened)
	case err != nil && happened && auth.KindOf(err) != auth.Unavailable:
		t.Errorf("an error that is not of kind Unavailable hides a commit: %v", err)
	}
}

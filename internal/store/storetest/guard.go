package storetest

import (
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/tokens"
)

var guardClaims = []claim{
	{name: "a change that misses the version of its user writes nothing", prove: changeStale},
	{name: "a change in the name of a session that was ended writes nothing", prove: guardEnded},
	{name: "a change in the name of a session that is not the user's writes nothing", prove: guardForeign},
	{name: "a change of a user who is not there writes nothing", prove: changeNobody},
	{name: "a change shown again is not written again", prove: changeAgain},
	{name: "a login decided before the epoch was raised opens nothing", prove: loginBeforeRaise},
}

// refused applies a change that must find itself outdated, and checks that nothing came of it.
func (t *trial) refused(c tokens.UserChange, because string) {
	t.Helper()
	applied, err := t.store.ChangeUser(t.Context(), c, newMark())
	if err != nil || applied {
		t.Errorf("ChangeUser %s: applied %t, error %v; want neither", because, applied, err)
	}
	if c.Open == nil {
		return
	}
	rows, _, err := t.store.LoadSessions(t.Context(), idsOf([]tokens.Session{*c.Open}))
	t.must(err, "LoadSessions")
	if len(rows) != 0 {
		t.Errorf("ChangeUser %s: opened a session", because)
	}
}

func changeStale(t *trial) {
	ann := t.user("ann")
	sessions := t.login(ann.ID, 2)
	want := t.read(ann, sessions)
	for _, off := range []int64{-1, 1, -want.User.RowVersion} {
		c := t.everything(want.User, sessions)
		c.Version += off
		t.refused(c, "on another version")
		t.same(t.read(ann, sessions), want, "the user after a change on another version")
	}
}

func guardEnded(t *trial) {
	ann := t.user("ann")
	sessions := t.login(ann.ID, 3)
	t.end(audit.Reuse, newMark(), sessions[0])
	want := t.read(ann, sessions)
	t.refused(t.everything(want.User, sessions), "in the name of an ended session")
	t.same(t.read(ann, sessions), want, "the user after a change in the name of an ended session")
}

func guardForeign(t *trial) {
	ann, ben := t.user("ann"), t.user("ben")
	sessions, others := t.login(ann.ID, 2), t.login(ben.ID, 1)
	want := t.read(ann, sessions)

	c := t.everything(want.User, sessions)
	c.Guard = t.sessionID()
	t.refused(c, "in the name of a session that does not exist")
	t.same(t.read(ann, sessions), want, "the user after a change in the name of no session")

	c = t.everything(want.User, sessions)
	c.Guard = others[0].ID
	t.refused(c, "in the name of another user's session")
	t.same(t.read(ann, sessions), want, "the user after a change in the name of another's session")
}

func changeNobody(t *trial) {
	ann := t.user("ann")
	sessions := t.login(ann.ID, 1)
	want := t.read(ann, sessions)
	nobody := tokens.User{ID: t.userID(), Epoch: 1, RowVersion: want.User.RowVersion}
	opened := t.session(nobody.ID)
	t.refused(tokens.UserChange{User: nobody.ID, Version: nobody.RowVersion, Open: &opened}, "of nobody, with a session")
	t.refused(tokens.UserChange{User: nobody.ID, Version: nobody.RowVersion, Open: &opened, PasswordHash: "another",
		RaiseEpoch: true}, "of nobody, with everything")
	t.refused(tokens.UserChange{User: nobody.ID}, "of nobody, on version 0")
	t.same(t.read(ann, sessions), want, "somebody else, and the feed")
}

// B13: an unknown outcome is answered by deciding again, and the same decision finds itself outdated.
func changeAgain(t *trial) {
	ann := t.user("ann")
	sessions := t.login(ann.ID, 2)
	c := t.everything(t.loadUser(ann.ID), sessions)
	t.change(c)
	want := t.read(ann, sessions)
	applied, err := t.store.ChangeUser(t.Context(), c, newMark())
	if err != nil || applied {
		t.Errorf("the same change again: applied %t, error %v; want neither", applied, err)
	}
	t.same(t.read(ann, sessions), want, "the user after the same change came twice")
}

// C5, C6: whoever proved a password before everything was revoked proved nothing for the time after.
func loginBeforeRaise(t *trial) {
	ann := t.user("ann")
	credentials, _, found, err := t.store.CredentialsByName(t.Context(), "ann")
	t.must(err, "CredentialsByName")
	if !found {
		t.Fatalf("CredentialsByName does not find ann")
	}
	t.raise(ann.ID)
	want := t.read(ann, nil)
	opened := t.session(ann.ID)
	opened.Epoch = credentials.Epoch
	t.refused(tokens.UserChange{User: ann.ID, Version: credentials.RowVersion, Open: &opened}, "by an old password")
	t.same(t.read(ann, nil), want, "the user")

	opened.Epoch = want.User.Epoch
	t.change(tokens.UserChange{User: ann.ID, Version: want.User.RowVersion, Open: &opened})
}

package storetest

import (
	"slices"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

var changeClaims = []claim{
	{name: "a change with every member set writes everything, and its entries in order", prove: changeEverything},
	{name: "members of a change that are zero change nothing", prove: changeNothing},
	{name: "each member of a change does its own part alone", prove: changeAlone},
	{name: "a change kills only what it ended itself", prove: changeKillsOwn},
	{name: "the session beyond the limit goes in the change that opens another", prove: changeAtLimit},
	{name: "a change of one user leaves all others alone", prove: changeOneUser},
	{name: "a rotation goes on while its user changes", prove: rotateWhileUserChanges},
}

// state is everything of one user that a change can touch, and the feed.
type state struct {
	User        tokens.User
	Credentials accounts.Credentials
	Sessions    []tokens.Session // as asked for, ended ones too
	Live        int              // sessions that LoadUser lists
	Feed        []revocation.Entry
	Head        revocation.Head
}

// read takes the state of a user, of the sessions that a test knows of.
func (t *trial) read(u accounts.User, sessions []tokens.Session) state {
	t.Helper()
	user, live, _, found, err := t.again.LoadUser(t.Context(), u.ID)
	t.must(err, "LoadUser")
	credentials, _, named, err := t.again.CredentialsByName(t.Context(), u.Username)
	t.must(err, "CredentialsByName")
	if !found || !named {
		t.Fatalf("user %s is found by id: %t, by name: %t", u.Username, found, named)
	}
	feed, head := t.entries(0)
	return state{User: user, Credentials: credentials, Sessions: t.reload(sessions), Live: len(live),
		Feed: feed, Head: pinned(head)}
}

// everything is a change with every member set, in the name of the first of the user's sessions. It
// ends all of them, against the order of their ids.
func (t *trial) everything(user tokens.User, sessions []tokens.Session) tokens.UserChange {
	t.Helper()
	opened := t.session(user.ID)
	opened.Epoch = user.Epoch + 1
	order := slices.SortedFunc(slices.Values(sessions), func(a, b tokens.Session) int {
		return slices.Compare(b.ID[:], a.ID[:])
	})
	return tokens.UserChange{
		User: user.ID, Version: user.RowVersion, Guard: sessions[0].ID,
		End: deathsOf(audit.PasswordChange, t.clock(), order...), Open: &opened,
		PasswordHash: hashOf("the next password"), RaiseEpoch: true,
	}
}

// C7: a password change ends every session, the one in whose name it happens too, and opens a new one.
func changeEverything(t *trial) {
	ann := t.user("ann")
	sessions := t.login(ann.ID, 4)
	before := t.read(ann, sessions)
	c := t.everything(before.User, sessions)
	var kills []revocation.Kill
	for _, d := range c.End {
		kills = append(kills, revocation.KillSession(d.Session))
	}
	kills = append(kills, revocation.KillBelow(ann.ID, 2))
	mark := newMark()
	applied, err := t.store.ChangeUser(t.Context(), c, mark)
	t.must(err, "ChangeUser")
	if !applied {
		t.Fatalf("ChangeUser refused a change decided on the row as it stands")
	}

	entries := t.written(before.Head.Seq, mark, kills...)
	want := before
	want.User.Epoch, want.User.RowVersion = 2, c.Version+1
	want.Credentials.Epoch, want.Credentials.RowVersion = 2, c.Version+1
	want.Credentials.PasswordHash = c.PasswordHash
	want.Live, want.Feed = 1, append(before.Feed, entries...)
	want.Head.Seq, want.Head.Mark = before.Head.Seq+5, mark
	got := t.read(ann, sessions)
	want.Sessions = asEnded(before.Sessions, got.Sessions, c.End[0])
	t.same(got, want, "the user after a change with every member set")
	t.same(t.load(c.Open.ID)[0].Session, *c.Open, "the session that was opened")
}

// asEnded is what rows must be after a death. By how much it raises their versions is the store's to say.
func asEnded(before, got []tokens.Session, d tokens.Death) []tokens.Session {
	want := make([]tokens.Session, len(before))
	for i, s := range before {
		s.EndedAt, s.EndReason, s.RowVersion = d.At, d.Reason, got[i].RowVersion
		want[i] = s
	}
	return want
}

func changeNothing(t *trial) {
	ann := t.user("ann")
	sessions := t.login(ann.ID, 2)
	want := t.read(ann, sessions)
	t.change(tokens.UserChange{User: ann.ID, Version: want.User.RowVersion})
	want.User.RowVersion++
	want.Credentials.RowVersion++
	t.same(t.read(ann, sessions), want, "the user after a change without members")
}

func changeAlone(t *trial) {
	ann := t.user("ann")
	sessions := t.login(ann.ID, 2)
	opened := t.session(ann.ID)
	for _, c := range []struct {
		name   string
		change tokens.UserChange
		expect func(want, got *state)
	}{
		{"a guard", tokens.UserChange{Guard: sessions[0].ID}, func(want, got *state) {}},
		{"a password", tokens.UserChange{PasswordHash: "another"}, func(want, got *state) {
			want.Credentials.PasswordHash = "another"
		}},
		{"a session", tokens.UserChange{Open: &opened}, func(want, got *state) { want.Live++ }},
		{"an epoch", tokens.UserChange{RaiseEpoch: true}, func(want, got *state) {
			want.User.Epoch++
			want.Credentials.Epoch++
			want.Feed, want.Head.Seq, want.Head.Mark = got.Feed, want.Head.Seq+1, got.Head.Mark
		}},
		{"an end", tokens.UserChange{End: deathsOf(audit.LogoutOthers, t.clock(), sessions[1])}, func(want, got *state) {
			want.Live--
			want.Feed, want.Head.Seq, want.Head.Mark = got.Feed, want.Head.Seq+1, got.Head.Mark
			copy(want.Sessions[1:], asEnded(want.Sessions[1:], got.Sessions[1:],
				tokens.Death{At: got.Sessions[1].EndedAt, Reason: audit.LogoutOthers}))
		}},
	} {
		want := t.read(ann, sessions)
		c.change.User, c.change.Version = ann.ID, want.User.RowVersion
		t.change(c.change)
		got := t.read(ann, sessions)
		want.User.RowVersion++
		want.Credentials.RowVersion++
		c.expect(&want, &got)
		t.same(got, want, "the user after a change with nothing but "+c.name)
	}
}

func changeKillsOwn(t *trial) {
	ann := t.user("ann")
	sessions := t.login(ann.ID, 3)
	t.end(audit.Reuse, newMark(), sessions[1])
	before := t.read(ann, sessions)
	mark := newMark()
	deaths := deathsOf(audit.LogoutAll, t.clock(), sessions...)
	deaths = append(deaths, tokens.Death{Session: t.sessionID(), Reason: audit.LogoutAll, At: t.clock()})
	applied, err := t.store.ChangeUser(t.Context(),
		tokens.UserChange{User: ann.ID, Version: before.User.RowVersion, End: deaths}, mark)
	t.must(err, "ChangeUser")
	if !applied {
		t.Errorf("ChangeUser refused a change because a session had been ended before it")
	}
	t.written(before.Head.Seq, mark, killsOf(sessions[0], sessions[2])...)
	t.same(t.reload(sessions)[1], before.Sessions[1], "the session that had been ended before")

	// Nothing is left to end: the head stays, the version moves.
	before = t.read(ann, sessions)
	t.change(tokens.UserChange{User: ann.ID, Version: before.User.RowVersion, End: deaths})
	before.User.RowVersion++
	before.Credentials.RowVersion++
	t.same(t.read(ann, sessions), before, "the user after a change that had nothing left to end")
}

func changeAtLimit(t *trial) {
	ann := t.user("ann")
	sessions := t.login(ann.ID, 3)
	before := t.read(ann, sessions)
	opened := t.session(ann.ID)
	mark := newMark()
	applied, err := t.store.ChangeUser(t.Context(), tokens.UserChange{User: ann.ID, Version: before.User.RowVersion,
		End: deathsOf(audit.SessionLimit, t.clock(), sessions[1]), Open: &opened}, mark)
	t.must(err, "ChangeUser")
	if !applied {
		t.Errorf("ChangeUser refused to open a session")
	}
	t.written(before.Head.Seq, mark, killsOf(sessions[1])...)
	_, live, _, _, err := t.store.LoadUser(t.Context(), ann.ID)
	t.must(err, "LoadUser")
	t.same(sorted(idsOf(live)), sorted([]auth.SessionID{sessions[0].ID, sessions[2].ID, opened.ID}), "the live sessions")
	t.same(t.load(opened.ID)[0].Session, opened, "the session that was opened")
}

func changeOneUser(t *trial) {
	ann, ben := t.user("ann"), t.user("ben")
	others := t.login(ben.ID, 2)
	sessions := t.login(ann.ID, 2)
	want := t.read(ben, others)
	t.change(t.everything(t.loadUser(ann.ID), sessions))
	got := t.read(ben, others)
	want.Feed, want.Head = got.Feed, got.Head
	t.same(got, want, "another user")
}

// What ends a session says so in its row. A raised epoch or a new password alone does not touch it: the
// rotation is then written, and the law refuses what comes of it.
func rotateWhileUserChanges(t *trial) {
	ann := t.user("ann")
	sessions := t.login(ann.ID, 2)
	batch := steps(sessions)
	opened := t.session(ann.ID)
	t.change(tokens.UserChange{User: ann.ID, Version: t.loadUser(ann.ID).RowVersion, Guard: sessions[0].ID,
		PasswordHash: "another", Open: &opened, RaiseEpoch: true})
	user := t.loadUser(ann.ID)
	t.rotate(batch, idsOf(sessions)...)
	for i, row := range t.load(idsOf(sessions)...) {
		t.same(row, tokens.Loaded{Session: stepped(sessions[i], batch[i]), Owner: user}, "the row and its owner")
	}
}

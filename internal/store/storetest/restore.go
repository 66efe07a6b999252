package storetest

import (
	"slices"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

var restoreClaims = []claim{
	{name: "a restoration raises every epoch, ends every session and deletes every reset", prove: restoreUsers},
	{name: "a restoration replaces the keys and renames the feed, whose entries stay", prove: restoreKeyring},
	{name: "a restoration is applied to the keyring that it was decided on, or not at all", prove: restoreSwapped},
	{name: "a restoration that fails has changed nothing", prove: restoreWhole},
	{name: "without a head nothing is restored", prove: restoreHeadless, bare: true},
}

const renamed = "feed-after-the-restore"

// restoration is what would be done to the keyring of threeKeys, of which the third key is gone.
func (t *trial) restoration() tokens.Restoration {
	t.Helper()
	at := t.clock()
	first, firstPrivate := t.key("new-1", 101)
	second, secondPrivate := t.key("new-2", 102)
	first.SignsFrom = at
	return tokens.Restoration{FeedID: renamed, Raise: 700, At: at, Keyring: tokens.KeyringChange{
		Version: t.keyring().Version,
		Keys:    []tokens.PublishedKey{first, second}, Secrets: []tokens.SealedSecret{firstPrivate, secondPrivate},
		Kill: []tokens.KeyKill{{KID: "two", At: at}, {KID: "one", At: at}},
	}}
}

// restore does what has no reason to be refused.
func (t *trial) restore(r tokens.Restoration) (done tokens.Restored, mark uint64) {
	t.Helper()
	mark = newMark()
	done, applied, err := t.store.Restore(t.Context(), r, mark)
	t.must(err, "Restore")
	if !applied {
		t.Fatalf("Restore refused what was decided on the keyring as it stands: %+v", r)
	}
	return done, mark
}

func restoreUsers(t *trial) {
	t.threeKeys()
	ann, ben, cleo := t.user("ann"), t.user("ben"), t.user("cleo")
	live, over := t.login(ann.ID, 2), t.login(ben.ID, 2)
	t.end(audit.Logout, newMark(), over[0])
	over = t.reload(over)
	t.raise(cleo.ID)
	reset := t.issue(cleo.ID)
	before := []tokens.User{t.loadUser(ann.ID), t.loadUser(ben.ID), t.loadUser(cleo.ID)}

	machines := []accounts.ClientCredentials{t.client("billing"), t.client("search")}

	r := t.restoration()
	done, _ := t.restore(r)
	if want := (tokens.Restored{Users: 3, Clients: 2, Sessions: 3, Resets: 1}); done != want {
		t.Errorf("the restoration counts %+v, want %+v", done, want)
	}
	for _, want := range machines {
		want.Epoch += r.Raise
		t.clientIs(want)
	}
	for _, want := range before {
		want.Epoch, want.RowVersion = want.Epoch+r.Raise, want.RowVersion+1
		t.same(t.loadUser(want.ID), want, "a user")
	}
	for _, want := range append(slices.Clone(live), over[1]) {
		want.EndedAt, want.EndReason, want.RowVersion = r.At, audit.Restored, want.RowVersion+1
		t.same(t.load(want.ID)[0].Session, want, "a session that lived")
	}
	t.same(t.load(over[0].ID)[0].Session, over[0], "a session that was over")
	t.isGone(reset, "a reset")
}

// Followers keep what they obeyed: the entries of before stay in their places, and the kills of the keys
// come after them.
func restoreKeyring(t *trial) {
	t.threeKeys()
	t.changeKeyring(tokens.KeyringChange{DropSecrets: []string{"signing.three"}})
	ann := t.user("ann")
	t.end(audit.Logout, newMark(), t.login(ann.ID, 2)...)
	ring := t.keyring()
	wantEntries, head := t.entries(0)

	r := t.restoration()
	_, mark := t.restore(r)
	entries, now := t.entries(0)
	t.same(entries[:min(len(entries), len(wantEntries))], wantEntries, "the entries of before")
	added := t.written(head.Seq, mark, revocation.KillKey("two"), revocation.KillKey("one"))
	if len(added) == 0 {
		t.Fatalf("the kills of the keys are not in the feed")
	}
	t.between(added[0].Until, r.At.Add(maxTTL), t.clock().Add(maxTTL+revocation.Grace), "until of a key's kill")
	if now.FeedID != renamed || now.KeyringVersion != head.KeyringVersion+1 || now.MaxTTL != head.MaxTTL || now.JWKSMaxAge != head.JWKSMaxAge {
		t.Errorf("the head was %+v and is %+v", head, now)
	}
	want := without(ring, "signing.one", "signing.two")
	for _, kid := range []string{"one", "two"} {
		want = altered(want, kid, func(k *tokens.PublishedKey) { k.KilledAt = r.At })
	}
	want.FeedID, want.Keys = renamed, append(want.Keys, r.Keyring.Keys...)
	want.Secrets = slices.Concat(want.Secrets[:2], r.Keyring.Secrets, want.Secrets[2:]) // refresh.1 and 2 come first by name
	t.sameRing(t.keyring(), want, "the keyring")
}

// untouched reads all that a restoration changes.
func (t *trial) untouched(user auth.UserID, session tokens.Session, reset *tokens.PasswordReset) []any {
	t.Helper()
	ring := t.keyring()
	ring.Clock = time.Time{}
	entries, head := t.entries(0)
	_, found := t.reset(reset.ID)
	return []any{t.loadUser(user), t.load(session.ID)[0], found, ring, entries, pinned(head)}
}

func restoreSwapped(t *trial) {
	t.threeKeys()
	ann := t.user("ann")
	session, reset := t.login(ann.ID, 1)[0], t.issue(ann.ID)
	r := t.restoration()
	version := r.Keyring.Version
	for _, other := range []int64{version - 1, version + 1, 0, -1} {
		want := t.untouched(ann.ID, session, reset)
		r.Keyring.Version = other
		done, applied, err := t.store.Restore(t.Context(), r, newMark())
		if err != nil || applied || done != (tokens.Restored{}) {
			t.Errorf("decided on version %d, which is %d: applied %t with %+v, error %v", other, version, applied, done, err)
		}
		t.same(t.untouched(ann.ID, session, reset), want, "what a refused restoration would have changed")
	}
	r.Keyring.Version = version
	for i, want := range []bool{true, false} { // who was not told of a success tries again, on newer rows
		if _, applied, err := t.again.Restore(t.Context(), r, newMark()); err != nil || applied != want {
			t.Errorf("time %d: applied %t, error %v", i+1, applied, err)
		}
	}
	if got := t.loadUser(ann.ID).Epoch; got != ann.Epoch+r.Raise {
		t.Errorf("the epoch is %d, want %d", got, ann.Epoch+r.Raise)
	}
}

func restoreWhole(t *trial) {
	t.threeKeys()
	ann := t.user("ann")
	session, reset := t.login(ann.ID, 1)[0], t.issue(ann.ID)
	want := t.untouched(ann.ID, session, reset)
	for name, spoil := range map[string]func(*tokens.KeyringChange){
		"a slot that is taken": func(c *tokens.KeyringChange) { c.Keys[1].Slot = 3 },
		"a kid that is taken":  func(c *tokens.KeyringChange) { c.Keys[1].KID = "three" },
		"a name that is taken": func(c *tokens.KeyringChange) { c.Secrets[0].Name = "refresh.1" },
	} {
		r := t.restoration()
		spoil(&r.Keyring)
		if _, applied, err := t.store.Restore(t.Context(), r, newMark()); err == nil || applied {
			t.Errorf("%s: applied %t, error %v", name, applied, err)
		}
		t.same(t.untouched(ann.ID, session, reset), want, "what a restoration with "+name+" would have changed")
	}
}

func restoreHeadless(t *trial) {
	ann := t.user("ann")
	key, private := t.key("one", 1)
	r := tokens.Restoration{FeedID: renamed, Raise: 1, At: t.clock(),
		Keyring: tokens.KeyringChange{Keys: []tokens.PublishedKey{key}, Secrets: []tokens.SealedSecret{private}}}
	if _, applied, err := t.store.Restore(t.Context(), r, newMark()); err != nil || applied {
		t.Errorf("Restore without a head: applied %t, error %v", applied, err)
	}
	t.sameRing(t.keyring(), tokens.KeyringRows{}, "the keyring of a store without a head")
	if got := t.loadUser(ann.ID).Epoch; got != ann.Epoch {
		t.Errorf("the epoch is %d, want %d", got, ann.Epoch)
	}
}

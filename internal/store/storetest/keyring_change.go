package storetest

import (
	"bytes"
	"crypto/rand"
	"maps"
	"slices"
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// altered is a keyring after something was done to the key of a kid, if it is there.
func altered(rows tokens.KeyringRows, kid string, alter func(*tokens.PublishedKey)) tokens.KeyringRows {
	rows.Keys = slices.Clone(rows.Keys)
	for i := range rows.Keys {
		if rows.Keys[i].KID == kid {
			alter(&rows.Keys[i])
		}
	}
	return rows
}

// without is a keyring without some secrets.
func without(rows tokens.KeyringRows, names ...string) tokens.KeyringRows {
	rows.Secrets = slices.DeleteFunc(slices.Clone(rows.Secrets), func(s tokens.SealedSecret) bool {
		return slices.Contains(names, s.Name)
	})
	return rows
}

func keyringStart(t *trial) {
	t.threeKeys()
	t.changeKeyring(tokens.KeyringChange{Kill: []tokens.KeyKill{{KID: "three", At: t.clock()}}})
	want := t.keyring()
	for _, at := range []time.Time{t.clock().Add(time.Hour), t.clock()} { // settled, and moved
		t.changeKeyring(tokens.KeyringChange{Start: []tokens.KeyStart{
			{KID: "two", SignsFrom: at.Add(time.Minute)}, {KID: "one", SignsFrom: at},
			{KID: "three", SignsFrom: at}, {KID: "nobody", SignsFrom: at}}})
		want = altered(want, "one", func(k *tokens.PublishedKey) { k.SignsFrom = at })
		want = altered(want, "two", func(k *tokens.PublishedKey) { k.SignsFrom = at.Add(time.Minute) })
		t.sameRing(t.keyring(), want, "the keyring after starts of two keys, one that was killed and one that never was")
	}
}

// D5: the death, and what the feed says of it, are one. D7: nothing brings a killed key back.
func keyringKill(t *trial) {
	t.threeKeys()
	before := t.keyring()
	_, head := t.entries(0)
	at := t.clock()
	mark := t.changeKeyring(tokens.KeyringChange{
		Kill:  []tokens.KeyKill{{KID: "two", At: at}, {KID: "nobody", At: at}, {KID: "one", At: at.Add(time.Second)}},
		Start: []tokens.KeyStart{{KID: "three", SignsFrom: at}},
	})
	want := without(before, "signing.one", "signing.two")
	want = altered(want, "two", func(k *tokens.PublishedKey) { k.KilledAt = at })
	want = altered(want, "one", func(k *tokens.PublishedKey) { k.KilledAt = at.Add(time.Second) })
	want = altered(want, "three", func(k *tokens.PublishedKey) { k.SignsFrom = at })
	t.sameRing(t.keyring(), want, "the keyring after two keys were killed")
	t.written(head.Seq, mark, revocation.KillKey("two"), revocation.KillKey("one"))

	// A second time changes nothing, and says nothing.
	wantEntries, wantHead := t.entries(0)
	t.changeKeyring(tokens.KeyringChange{Kill: []tokens.KeyKill{{KID: "two", At: at.Add(time.Hour)}}})
	t.sameRing(t.keyring(), want, "the keyring after a key was killed twice")
	entries, got := t.entries(0)
	t.same(entries, wantEntries, "the feed after a key was killed twice")
	got.KeyringVersion = wantHead.KeyringVersion
	t.same(pinned(got), pinned(wantHead), "the head after a key was killed twice")
}

func keyringReseal(t *trial) {
	t.threeKeys()
	want := t.keyring()
	fresh := []tokens.SealedSecret{{Name: "signing.two", Sealed: []byte{7, 0}}, {Name: "refresh.1", Sealed: []byte{8}}}
	t.changeKeyring(tokens.KeyringChange{Reseal: append(fresh, tokens.SealedSecret{Name: "refresh.9", Sealed: []byte{9}})})
	want.Secrets = slices.Clone(want.Secrets)
	for i := range want.Secrets {
		for _, secret := range fresh {
			if want.Secrets[i].Name == secret.Name {
				want.Secrets[i].Sealed = secret.Sealed
			}
		}
	}
	t.sameRing(t.keyring(), want, "the keyring after two secrets, and one that is not there, were sealed anew")
}

func keyringDrop(t *trial) {
	t.threeKeys()
	want := without(t.keyring(), "signing.two", "refresh.1")
	t.changeKeyring(tokens.KeyringChange{DropSecrets: []string{"signing.two", "refresh.1", "refresh.9"}})
	t.sameRing(t.keyring(), want, "the keyring after two secrets were dropped, and one that was not there")
	if entries, _ := t.entries(0); len(entries) > 0 {
		t.Errorf("dropping secrets added to the feed: %v", entries)
	}
}

func keyringOldest(t *trial) {
	if at, found, err := t.store.OldestSession(t.Context()); err != nil || found {
		t.Errorf("without sessions the oldest is of %v, found %t, error %v", at, found, err)
	}
	ann := t.user("ann")
	now := t.clock()
	for _, age := range []time.Duration{time.Hour, 3 * time.Hour, time.Minute} {
		s := t.session(ann.ID)
		s.CreatedAt = now.Add(-age)
		id, err := auth.NewSessionID(s.CreatedAt, rand.Reader)
		t.must(err, "NewSessionID")
		s.ID = id
		t.open(s)
	}
	at, found, err := t.again.OldestSession(t.Context())
	if err != nil || !found || !at.Equal(now.Add(-3*time.Hour)) || at.Location() != time.UTC {
		t.Errorf("the oldest session is of %v, found %t, error %v, want %v", at, found, err, now.Add(-3*time.Hour))
	}
}

func hashPages(t *trial) {
	if hashes, last, err := t.store.PasswordHashes(t.Context(), auth.UserID{}, 10); err != nil || len(hashes) > 0 || last != (auth.UserID{}) {
		t.Errorf("without users there are the hashes %v up to %s, error %v", hashes, last, err)
	}
	ids := make(map[auth.UserID]string)
	for _, name := range []string{"ann", "ben", "cid", "dee", "eve"} {
		ids[t.user(name).ID] = hashOf(name)
	}
	sorted := slices.SortedFunc(maps.Keys(ids), func(a, b auth.UserID) int { return bytes.Compare(a[:], b[:]) })
	var want []string
	for _, id := range sorted {
		want = append(want, ids[id])
	}
	var got []string
	after := auth.UserID{}
	for i, size := range []int{2, 2, 1} {
		hashes, last, err := t.again.PasswordHashes(t.Context(), after, 2)
		t.must(err, "PasswordHashes")
		if len(hashes) != size {
			t.Fatalf("page %d has %d hashes, want %d", i+1, len(hashes), size)
		}
		got = append(got, hashes...)
		if after = last; last != sorted[len(got)-1] {
			t.Errorf("page %d ends at user %s, want %s", i+1, last, sorted[len(got)-1])
		}
	}
	t.same(got, want, "all hashes, in the order of their users' ids")
	for _, limit := range []int{0, -1} {
		if hashes, _, err := t.store.PasswordHashes(t.Context(), auth.UserID{}, limit); err != nil || len(hashes) > 0 {
			t.Errorf("with a limit of %d: %v, error %v", limit, hashes, err)
		}
	}
}

package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

var keyringClaims = []claim{
	{name: "the keyring survives the round trip, secrets by name and keys by slot", prove: keyringRoundTrip},
	{name: "a change of the keyring is applied to the version that it was decided on, and to no other", prove: keyringSwapped},
	{name: "what the keyring has is never taken again, and refuses the change as a whole", prove: keyringTaken},
	{name: "the keyring's version rises by one with each change, and the feed stays where it is", prove: keyringVersion},
	{name: "instances that boot together end with one keyring", prove: keyringRace},
	{name: "nothing is changed while there is no head whose version could say so", prove: keyringHeadless, bare: true},
	{name: "a start moves the turn of keys that live, and nothing else", prove: keyringStart},
	{name: "a killed key leaves its private half, enters the feed, and stays a tombstone", prove: keyringKill},
	{name: "sealing anew replaces what is sealed, and nothing else", prove: keyringReseal},
	{name: "a secret that is dropped is gone, and its key stays", prove: keyringDrop},
	{name: "the oldest session is the one that was opened first", prove: keyringOldest},
	{name: "password hashes are read page by page, in the order of their users' ids", prove: hashPages},
}

func (t *trial) secret(name string) tokens.SealedSecret {
	t.Helper()
	h := randomHash()
	return tokens.SealedSecret{Name: name, Sealed: h[:], CreatedAt: t.clock()}
}

// key is a key with its sealed private half.
func (t *trial) key(kid string, slot int64) (tokens.PublishedKey, tokens.SealedSecret) {
	t.Helper()
	return tokens.PublishedKey{KID: kid, Slot: slot, Alg: "ES256", PublicJWK: `{"kid":"` + kid + `"}`, CreatedAt: t.clock()},
		t.secret("signing." + kid)
}

func (t *trial) keyring() tokens.KeyringRows {
	t.Helper()
	rows, err := t.again.LoadKeyring(t.Context())
	t.must(err, "LoadKeyring")
	return rows
}

// changeKeyring applies a change that has no reason to be refused.
func (t *trial) changeKeyring(c tokens.KeyringChange) (mark uint64) {
	t.Helper()
	c.Version, mark = t.keyring().Version, newMark()
	applied, err := t.store.ChangeKeyring(t.Context(), c, mark)
	t.must(err, "ChangeKeyring")
	if !applied {
		t.Fatalf("ChangeKeyring refused a change decided on the keyring as it stands: %+v", c)
	}
	return mark
}

func (t *trial) addKeyring(secrets []tokens.SealedSecret, keys ...tokens.PublishedKey) {
	t.Helper()
	t.changeKeyring(tokens.KeyringChange{Secrets: secrets, Keys: keys})
}

// sameRing complains of differences between two keyrings, but for their clocks and versions.
func (t *trial) sameRing(got, want tokens.KeyringRows, of string) {
	t.Helper()
	got.Clock, got.Version = want.Clock, want.Version
	t.same(got, want, of)
}

func keyringRoundTrip(t *trial) {
	at := t.clock()
	secrets := []tokens.SealedSecret{
		{Name: "refresh.2", Sealed: []byte{0, 0xff, 0, '\'', 0}, CreatedAt: at.Add(time.Microsecond)},
		{Name: "refresh.10", Sealed: make([]byte, 3000), CreatedAt: at.Add(-time.Hour)},
		{Name: "pepper.1", Sealed: []byte{1}, CreatedAt: at},
		{Name: "signing.b-_9", Sealed: []byte{2}, CreatedAt: at},
		{Name: "signing.A", Sealed: []byte{3}, CreatedAt: at},
		{Name: "signing.a", Sealed: []byte{4}, CreatedAt: at},
	}
	keys := []tokens.PublishedKey{
		{KID: "b-_9", Slot: 1 << 40, Alg: "RS256", PublicJWK: "{ }", CreatedAt: at.Add(time.Microsecond)},
		{KID: "A", Slot: 10, Alg: "ES256", PublicJWK: "{}", CreatedAt: at, SignsFrom: at.Add(-time.Hour)},
		{KID: "a", Slot: 2, Alg: "EdDSA", PublicJWK: `{"x":"ü"}`, CreatedAt: at, SignsFrom: at.Add(3 * time.Microsecond)},
	}
	t.addKeyring(secrets[:2], keys[0]) // neither in the order of names nor of slots, one and several at once
	t.addKeyring(secrets[2:], keys[1:]...)
	killed := tokens.KeyKill{KID: "a", At: at.Add(time.Hour)}
	t.changeKeyring(tokens.KeyringChange{Kill: []tokens.KeyKill{killed}})
	secrets, keys[2].KilledAt = secrets[:5], killed.At

	rows := t.keyring()
	// By the bytes of the names, so that both stores say the same.
	slices.SortFunc(secrets, func(a, b tokens.SealedSecret) int { return strings.Compare(a.Name, b.Name) })
	slices.Reverse(keys)
	t.same(rows.Secrets, secrets, "the secrets")
	t.same(rows.Keys, keys, "the keys")
	if rows.FeedID != feedID || rows.MaxTTL != maxTTL || rows.JWKSMaxAge != jwksMaxAge {
		t.Errorf("the keyring comes with feed %s, %v and %v, want %s, %v and %v",
			rows.FeedID, rows.MaxTTL, rows.JWKSMaxAge, feedID, maxTTL, jwksMaxAge)
	}
	t.between(rows.Clock, at, t.clock(), "the clock that comes with the keyring")
	for _, k := range rows.Keys {
		for _, at := range []time.Time{k.CreatedAt, k.SignsFrom, k.KilledAt} {
			if at.Location() != time.UTC {
				t.Errorf("a time of key %s is %v, want UTC", k.KID, at)
			}
		}
	}
	for _, s := range rows.Secrets {
		if s.CreatedAt.Location() != time.UTC {
			t.Errorf("%s was created at %v, want UTC", s.Name, s.CreatedAt)
		}
	}
}

// keyChange is a change of every kind, on a keyring of the keys one, two and three. n makes it another
// one than the last.
func (t *trial) keyChange(n int64) tokens.KeyringChange {
	key, private := t.key(fmt.Sprintf("new-%d", n), 100+n)
	return tokens.KeyringChange{
		Secrets: []tokens.SealedSecret{private, t.secret(fmt.Sprintf("pepper.%d", n))}, Keys: []tokens.PublishedKey{key},
		Start:       []tokens.KeyStart{{KID: "one", SignsFrom: t.clock().Add(time.Duration(n) * time.Hour)}},
		Kill:        []tokens.KeyKill{{KID: "two", At: t.clock()}},
		Reseal:      []tokens.SealedSecret{{Name: "refresh.1", Sealed: []byte{byte(n)}}},
		DropSecrets: []string{"signing.three"},
	}
}

// threeKeys stores what keyChange changes.
func (t *trial) threeKeys() {
	t.Helper()
	secrets := []tokens.SealedSecret{t.secret("refresh.1"), t.secret("refresh.2")}
	var keys []tokens.PublishedKey
	for i, kid := range []string{"one", "two", "three"} {
		key, private := t.key(kid, int64(i+1))
		secrets, keys = append(secrets, private), append(keys, key)
	}
	t.addKeyring(secrets, keys...)
}

func keyringSwapped(t *trial) {
	t.threeKeys()
	version := t.keyring().Version
	for _, other := range []int64{version - 1, version + 1, 0, -1} {
		before := t.keyring()
		_, headBefore := t.entries(0)
		change := t.keyChange(1)
		change.Version = other
		applied, err := t.store.ChangeKeyring(t.Context(), change, newMark())
		t.must(err, "ChangeKeyring")
		if applied {
			t.Errorf("a change decided on version %d was applied to %d", other, version)
		}
		entries, head := t.entries(0)
		t.sameRing(t.keyring(), before, "the keyring after a change that was refused")
		t.same(entries, []revocation.Entry(nil), "the feed after a change that was refused")
		t.same(pinned(head), pinned(headBefore), "the head after a change that was refused")
	}
	change := t.keyChange(1)
	change.Version = version
	for i, want := range []bool{true, false} {
		applied, err := t.again.ChangeKeyring(t.Context(), change, newMark())
		t.must(err, "ChangeKeyring")
		if applied != want {
			t.Errorf("time %d: the change was applied: %t, want %t", i+1, applied, want)
		}
	}
	if got := t.keyring().Version; got != version+1 {
		t.Errorf("the version is %d, want %d", got, version+1)
	}
	if entries, _ := t.entries(0); len(entries) != 1 {
		t.Errorf("the feed has %d entries, want that of one kill", len(entries))
	}
}

// D6, D7: one key has one place, for ever. What is refused is refused with all that came along.
func keyringTaken(t *trial) {
	t.threeKeys()
	t.changeKeyring(tokens.KeyringChange{Kill: []tokens.KeyKill{{KID: "three", At: t.clock()}}, DropSecrets: []string{"signing.two"}})
	want := t.keyring()
	wantEntries, wantHead := t.entries(0)
	for name, taken := range map[string]func() (tokens.PublishedKey, tokens.SealedSecret){
		"a kid":                    func() (tokens.PublishedKey, tokens.SealedSecret) { return t.key("one", 9) },
		"the kid of a retired key": func() (tokens.PublishedKey, tokens.SealedSecret) { return t.key("two", 9) },
		"the kid of a killed key":  func() (tokens.PublishedKey, tokens.SealedSecret) { return t.key("three", 9) },
		"a slot":                   func() (tokens.PublishedKey, tokens.SealedSecret) { return t.key("nine", 1) },
		"the slot of a killed key": func() (tokens.PublishedKey, tokens.SealedSecret) { return t.key("nine", 3) },
		"the name of another's secret": func() (tokens.PublishedKey, tokens.SealedSecret) {
			k, _ := t.key("nine", 9)
			return k, t.secret("refresh.1")
		},
	} {
		change := t.keyChange(1)
		key, private := taken()
		change.Start[0].KID, change.Kill[0].KID = "two", "one"
		change.Keys, change.Secrets = append(change.Keys, key), append(change.Secrets, private)
		change.Version = want.Version
		if applied, err := t.store.ChangeKeyring(t.Context(), change, newMark()); err == nil {
			t.Errorf("%s that is taken: applied %t, and no error", name, applied)
		}
		got := t.keyring()
		t.sameRing(got, want, "the keyring after "+name+" was taken again")
		entries, head := t.entries(0)
		t.same(entries, wantEntries, "the feed after "+name+" was taken again")
		t.same(pinned(head), pinned(wantHead), "the head after "+name+" was taken again")
	}
}

func keyringVersion(t *trial) {
	t.threeKeys()
	key, private := t.key("four", 4)
	for _, c := range []struct {
		name   string
		change tokens.KeyringChange
		rises  int64
	}{
		{"nothing", tokens.KeyringChange{}, 0},
		{"a secret", tokens.KeyringChange{Secrets: []tokens.SealedSecret{t.secret("refresh.3")}}, 1},
		{"a key with its secret", tokens.KeyringChange{Secrets: []tokens.SealedSecret{private}, Keys: []tokens.PublishedKey{key}}, 1},
		{"a start", tokens.KeyringChange{Start: []tokens.KeyStart{{KID: "four", SignsFrom: t.clock()}}}, 1},
		{"the start of nobody", tokens.KeyringChange{Start: []tokens.KeyStart{{KID: "nobody", SignsFrom: t.clock()}}}, 1},
		{"the death of nobody", tokens.KeyringChange{Kill: []tokens.KeyKill{{KID: "nobody", At: t.clock()}}}, 1},
		{"another seal", tokens.KeyringChange{Reseal: []tokens.SealedSecret{{Name: "refresh.3", Sealed: []byte{1}}}}, 1},
		{"a secret less", tokens.KeyringChange{DropSecrets: []string{"refresh.3"}}, 1},
	} {
		_, before := t.entries(0)
		t.changeKeyring(c.change)
		_, after := t.entries(0)
		if after.KeyringVersion != before.KeyringVersion+c.rises {
			t.Errorf("%s: the version went from %d to %d", c.name, before.KeyringVersion, after.KeyringVersion)
		}
		if got := t.keyring().Version; got != after.KeyringVersion {
			t.Errorf("%s: LoadKeyring says version %d, the head %d", c.name, got, after.KeyringVersion)
		}
		after.KeyringVersion = before.KeyringVersion
		t.same(pinned(after), pinned(before), "the rest of the head after "+c.name)
	}
}

// D4: one winner, however many instances, and nobody signs or seals with what the others do not have.
func keyringRace(t *trial) {
	const racers = 10
	changes := make([]tokens.KeyringChange, racers)
	for i := range changes {
		first, firstPrivate := t.key(fmt.Sprintf("first-of-%d", i), 1)
		second, secondPrivate := t.key(fmt.Sprintf("second-of-%d", i), 2)
		changes[i] = tokens.KeyringChange{
			Secrets: []tokens.SealedSecret{t.secret("refresh.1"), t.secret("pepper.1"), firstPrivate, secondPrivate},
			Keys:    []tokens.PublishedKey{first, second}}
	}
	read := make([]tokens.KeyringRows, racers)
	won := make([]bool, racers)
	t.race(racers, func(i int, s Store) {
		err := t.insist(func() (err error) {
			won[i], err = s.ChangeKeyring(t.Context(), changes[i], newMark())
			return err
		})
		if err == nil {
			read[i], err = s.LoadKeyring(t.Context())
		}
		if err != nil {
			t.Errorf("racer %d: %v", i, err)
		}
	})
	final := t.keyring()
	winner := slices.Index(won, true)
	if winner < 0 || slices.Contains(won[winner+1:], true) {
		t.Fatalf("of ten racers these won: %v", won)
	}
	t.same(final.Keys, changes[winner].Keys, "the keys, which are the winner's")
	if len(final.Secrets) != 4 || final.Version != 1 {
		t.Errorf("ten racers left %d secrets at version %d, want 4 at 1", len(final.Secrets), final.Version)
	}
	for i, rows := range read {
		t.sameRing(rows, final, fmt.Sprintf("what racer %d read back", i))
	}
}

// Other instances read the keyring again when its version moves. What is added without moving it would
// be known to one of them alone.
func keyringHeadless(t *trial) {
	key, private := t.key("one", 1)
	change := tokens.KeyringChange{Secrets: []tokens.SealedSecret{private}, Keys: []tokens.PublishedKey{key}}
	if applied, err := t.store.ChangeKeyring(t.Context(), change, newMark()); err != nil || applied {
		t.Errorf("ChangeKeyring without a head: applied %t, error %v", applied, err)
	}
	rows := t.keyring()
	t.sameRing(rows, tokens.KeyringRows{}, "the keyring of a store without a head")
	if rows.Version != 0 {
		t.Errorf("a store without a head is at version %d of its keyring", rows.Version)
	}
}

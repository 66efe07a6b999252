package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/authd/authd/internal/tokens"
)

var keyringClaims = []claim{
	{name: "the keyring survives the round trip, secrets by name and keys by slot", prove: keyringRoundTrip},
	{name: "what the keyring has is never overwritten", prove: keyringKept},
	{name: "a key that loses its slot leaves no secret behind", prove: keyringNoOrphan},
	{name: "a key whose secret is refused is not published", prove: keyringNoWidow},
	{name: "the keyring's version rises exactly when something was stored", prove: keyringVersion},
	{name: "instances that boot together end with one keyring", prove: keyringRace},
	{name: "nothing is added while there is no head whose version could say so", prove: keyringHeadless, bare: true},
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

func (t *trial) addKeyring(secrets []tokens.SealedSecret, keys ...tokens.PublishedKey) {
	t.Helper()
	t.must(t.store.AddKeyring(t.Context(), secrets, keys), "AddKeyring")
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
		{KID: "a", Slot: 2, Alg: "EdDSA", PublicJWK: `{"x":"ü"}`, CreatedAt: at, SignsFrom: at.Add(3 * time.Microsecond),
			KilledAt: at.Add(time.Hour)},
	}
	for i := range keys { // neither in the order of names nor of slots
		t.addKeyring(secrets[2*i:2*i+2], keys[i])
	}
	rows := t.keyring()
	// By the bytes of the names, so that both stores say the same.
	byName := func(a, b tokens.SealedSecret) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(secrets, byName)
	slices.Reverse(keys)
	t.same(rows.Secrets, secrets, "the secrets")
	t.same(rows.Keys, keys, "the keys")
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

func keyringKept(t *trial) {
	key, private := t.key("one", 1)
	secrets := []tokens.SealedSecret{t.secret("refresh.1"), private}
	t.addKeyring(secrets, key)
	want := t.keyring()

	other, _ := t.key("one", 1)
	elsewhere, _ := t.key("one", 2) // D6: one key has one place
	other.PublicJWK, other.SignsFrom, other.CreatedAt = "another", t.clock(), key.CreatedAt.Add(time.Hour)
	t.addKeyring([]tokens.SealedSecret{t.secret("refresh.1"), t.secret("signing.one")}, other, elsewhere)
	got := t.keyring()
	t.same(got.Secrets, want.Secrets, "the secrets after a second boot")
	t.same(got.Keys, want.Keys, "the keys after a second boot")
}

// Half of what is added may be free. A private key that belongs to no published key would stay for ever.
func keyringNoOrphan(t *trial) {
	first, firstPrivate := t.key("first", 1)
	t.addKeyring([]tokens.SealedSecret{firstPrivate}, first)

	loser, loserPrivate := t.key("loser", 1)
	second, secondPrivate := t.key("second", 2)
	pepper := t.secret("pepper.1")
	t.addKeyring([]tokens.SealedSecret{loserPrivate, pepper, secondPrivate}, loser, second)
	rows := t.keyring()
	t.same(rows.Secrets, []tokens.SealedSecret{pepper, firstPrivate, secondPrivate}, "the secrets")
	t.same(rows.Keys, []tokens.PublishedKey{first, second}, "the keys")
}

// A key that stands there without its own private half would be chosen to sign one day.
func keyringNoWidow(t *trial) {
	there := t.secret("signing.one")
	t.addKeyring([]tokens.SealedSecret{there})
	_, before := t.entries(0)
	key, private := t.key("one", 1)
	t.addKeyring([]tokens.SealedSecret{private}, key)
	rows := t.keyring()
	t.same(rows.Secrets, []tokens.SealedSecret{there}, "the secrets")
	t.same(rows.Keys, []tokens.PublishedKey(nil), "the keys")
	if rows.Version != before.KeyringVersion {
		t.Errorf("nothing was stored, and the version went from %d to %d", before.KeyringVersion, rows.Version)
	}
}

func keyringVersion(t *trial) {
	key, private := t.key("one", 1)
	other, otherPrivate := t.key("other", 1)
	secret := t.secret("refresh.1")
	for _, c := range []struct {
		name    string
		secrets []tokens.SealedSecret
		keys    []tokens.PublishedKey
		stores  bool
	}{
		{"nothing", nil, nil, false},
		{"a secret", []tokens.SealedSecret{secret}, nil, true},
		{"the same secret again", []tokens.SealedSecret{secret}, nil, false},
		{"a key with its secret", []tokens.SealedSecret{private}, []tokens.PublishedKey{key}, true},
		{"the same key again", []tokens.SealedSecret{private}, []tokens.PublishedKey{key}, false},
		{"a key whose slot is taken", []tokens.SealedSecret{otherPrivate}, []tokens.PublishedKey{other}, false},
		{"one new secret among old ones", []tokens.SealedSecret{secret, t.secret("refresh.2")}, nil, true},
	} {
		_, before := t.entries(0)
		t.addKeyring(c.secrets, c.keys...)
		_, after := t.entries(0)
		if rose := after.KeyringVersion > before.KeyringVersion; rose != c.stores || after.KeyringVersion < before.KeyringVersion {
			t.Errorf("%s: the version went from %d to %d", c.name, before.KeyringVersion, after.KeyringVersion)
		}
		if got := t.keyring().Version; got != after.KeyringVersion {
			t.Errorf("%s: LoadKeyring says version %d, the head %d", c.name, got, after.KeyringVersion)
		}
		after.KeyringVersion = before.KeyringVersion
		t.same(pinned(after), pinned(before), "the rest of the head after adding "+c.name)
	}
}

// D4: one winner, however many instances, and nobody signs or seals with what the others do not have.
func keyringRace(t *trial) {
	const racers = 10
	type ring struct {
		secrets []tokens.SealedSecret
		keys    []tokens.PublishedKey
	}
	rings := make([]ring, racers)
	for i := range rings {
		first, firstPrivate := t.key(fmt.Sprintf("first-of-%d", i), 1)
		second, secondPrivate := t.key(fmt.Sprintf("second-of-%d", i), 2)
		rings[i] = ring{[]tokens.SealedSecret{t.secret("refresh.1"), t.secret("pepper.1"), firstPrivate, secondPrivate},
			[]tokens.PublishedKey{first, second}}
	}
	read := make([]tokens.KeyringRows, racers)
	t.race(racers, func(i int, s Store) {
		err := t.insist(func() error { return s.AddKeyring(t.Context(), rings[i].secrets, rings[i].keys) })
		if err == nil {
			read[i], err = s.LoadKeyring(t.Context())
		}
		if err != nil {
			t.Errorf("racer %d: %v", i, err)
		}
	})
	final := t.keyring()
	if len(final.Keys) != 2 || len(final.Secrets) != 4 {
		t.Fatalf("ten racers left %d keys and %d secrets, want 2 and 4", len(final.Keys), len(final.Secrets))
	}
	for _, k := range final.Keys {
		if !slices.ContainsFunc(final.Secrets, func(s tokens.SealedSecret) bool { return s.Name == "signing."+k.KID }) {
			t.Errorf("key %s has no secret", k.KID)
		}
	}
	for i, rows := range read {
		t.same(rows.Secrets, final.Secrets, fmt.Sprintf("the secrets that racer %d read back", i))
		t.same(rows.Keys, final.Keys, fmt.Sprintf("the keys that racer %d read back", i))
	}
}

// Other instances read the keyring again when its version moves. What is added without moving it would
// be known to one of them alone.
func keyringHeadless(t *trial) {
	key, private := t.key("one", 1)
	if err := t.store.AddKeyring(t.Context(), []tokens.SealedSecret{private}, []tokens.PublishedKey{key}); err == nil {
		t.Errorf("AddKeyring reported no error without a head")
	}
	rows := t.keyring()
	if rows.Version != 0 || len(rows.Secrets) != 0 || len(rows.Keys) != 0 {
		t.Errorf("a store without a head has the keyring %+v", rows)
	}
}

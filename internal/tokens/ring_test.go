package tokens

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestANewVersionIsUsedWhenEveryInstanceHasSeenIt(t *testing.T) {
	t.Parallel()
	var all []versioned[string]
	for _, version := range []int{10, 1, 2} { // as names sort: pepper.1, pepper.10, pepper.2
		all = insertVersion(all, versioned[string]{version, noon.Add(time.Duration(version) * time.Hour), fmt.Sprint("of ", version)})
	}
	for _, test := range []struct {
		at   time.Duration
		want int
	}{
		{-time.Hour, 1}, // a clock that went back: there must be one
		{time.Hour, 1},
		{2*time.Hour + settleTime - 1, 1},
		{2*time.Hour + settleTime, 2},
		{10*time.Hour + settleTime - 1, 2},
		{10*time.Hour + settleTime, 10},
	} {
		if got := newest(all, noon.Add(test.at)); got.version != test.want {
			t.Errorf("%v after noon: got version %d, want %d", test.at, got.version, test.want)
		}
	}
	if secret, known := find(all, 2); !known || secret != "of 2" {
		t.Errorf("version 2: got %q, %t", secret, known)
	}
	if _, known := find(all, 3); known {
		t.Error("version 3 is known")
	}
}

func TestAKilledKeyIsNeitherPublishedNorBelieved(t *testing.T) {
	t.Parallel()
	sealer, err := newSealer([][]byte{make([]byte, MasterKeyBytes)})
	if err != nil {
		t.Fatal(err)
	}
	var rows KeyringRows
	add := func(name string, secret []byte) {
		sealed, err := sealer.seal(name, secret, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		rows.Secrets = append(rows.Secrets, SealedSecret{Name: name, Sealed: sealed, CreatedAt: noon})
	}
	add("pepper.1", make([]byte, 32))
	add("refresh.1", make([]byte, 32))
	for slot := range int64(3) {
		key, secret, err := generateKey(ES256, slot+1, noon, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		key.SignsFrom = noon.Add(-time.Duration(slot) * time.Minute) // the first of them signs
		add("signing."+key.KID, secret)
		rows.Keys = append(rows.Keys, key)
	}
	k := &Keyring{sealer: sealer, random: rand.Reader, now: time.Now}
	take := func() {
		t.Helper()
		r, err := k.open(rows)
		if err != nil {
			t.Fatal(err)
		}
		k.ring.Store(r)
	}
	take()
	token := mustSign(t, k, usual())
	if _, ok := k.openAccess(token); !ok {
		t.Error("before: the token does not open")
	}

	rows.Keys[0].KilledAt = noon
	take()
	if _, ok := k.openAccess(token); ok {
		t.Error("a token of the killed key opens")
	}
	if set, _ := k.JWKS(); strings.Contains(string(set), rows.Keys[0].KID) || strings.Count(string(set), `"kid"`) != 2 {
		t.Errorf("published: %s", set)
	}
	if _, ok := k.openAccess(mustSign(t, k, usual())); !ok {
		t.Error("nothing signs in its place")
	}
}

package verify

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/authd/authd/verify/internal/fake"
	"github.com/authd/authd/verify/internal/jws"
	"github.com/authd/authd/verify/internal/live"
)

// loaded is a keyring with these keys, as after a fetch.
func loaded(t *testing.T, keys ...*fake.Key) *keyring {
	t.Helper()
	k := newKeyring("", nil, nil)
	show(t, k, keys...)
	return k
}

// show does what a fetch does that brings these keys.
func show(t *testing.T, k *keyring, keys ...*fake.Key) {
	t.Helper()
	set := struct {
		Keys []fake.JSON `json:"keys"`
	}{}
	for _, key := range keys {
		set.Keys = append(set.Keys, key.JWK())
	}
	body := encodeJSON(t, set)
	parsed, _, err := jws.ParseSet(body)
	if err != nil {
		t.Fatal(err)
	}
	err = k.take(k.drops, func() { k.publish(parsed, body) })
	k.land(k.join(), outcome{fresh: time.Minute, err: err})
}

func TestD11KeysThatCannotBeConfirmedForADayAreLetGo(t *testing.T) {
	t.Parallel()
	k := loaded(t, fake.NewKey("ES256"))
	failed := outcome{err: errors.New("no answer")}
	k.confirmed = time.Now().Add(-keyMaxAge + time.Minute)
	k.land(k.join(), failed)
	if k.len() != 1 {
		t.Error("they were let go within the day")
	}
	k.confirmed = time.Now().Add(-keyMaxAge - time.Minute)
	k.land(k.join(), failed)
	if k.len() != 0 {
		t.Error("they are still there after the day")
	}
}

// Remembered tokens are good for a generation of keys: it must change when keys go, and not otherwise,
// or every fetch would make all tokens new.
func TestAGenerationEndsWhenTheKeysChange(t *testing.T) {
	t.Parallel()
	a, b := fake.NewKey("ES256"), fake.NewKey("ES256")
	k := loaded(t, a, b)
	generation := func() uint64 { return k.set.Load().generation }
	first := generation()
	if show(t, k, a, b); generation() != first {
		t.Error("it changed with the same keys")
	}
	k.kill([]live.Digest{live.DigestOf("nobody's")})
	if generation() != first {
		t.Error("it changed with the death of a key that is not there")
	}
	k.kill([]live.Digest{live.DigestOf(a.KID)})
	second := generation()
	if second == first || k.len() != 1 {
		t.Errorf("a killed key left generation %d and %d keys", second, k.len())
	}
	if show(t, k, a, b); k.len() != 1 {
		t.Error("a killed key came back")
	}
	if show(t, k, a); k.len() != 0 {
		t.Error("a killed key came back in another set")
	}
	third := generation()
	k.renew()
	if show(t, k, b); generation() <= third {
		t.Error("a generation was used twice")
	}
}

// What was on its way when the keys were dropped is what was dropped.
func TestAFetchFromBeforeADropBringsNothing(t *testing.T) {
	t.Parallel()
	k := loaded(t, fake.NewKey("ES256"))
	before := k.drops
	k.renew()
	if err := k.take(before, func() { t.Error("it was published") }); !errors.Is(err, errSuperseded) {
		t.Errorf("got %v", err)
	}
	if pause := k.land(k.join(), outcome{err: errSuperseded}); pause != 0 {
		t.Errorf("the next fetch waits for %v", pause)
	}
}

func encodeJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

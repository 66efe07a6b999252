package tokens_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/store/everystore"
	"github.com/authd/authd/internal/tokens"
)

func masterKey(b byte) []byte { return bytes.Repeat([]byte{b}, tokens.MasterKeyBytes) }

func openKeyring(t *testing.T, store tokens.KeyringStore, masters ...[]byte) (*tokens.Keyring, error) {
	t.Helper()
	return tokens.OpenKeyring(t.Context(), tokens.KeyringConfig{
		Store: store, MasterKeys: masters, AccessTTL: accessTTL, JWKSMaxAge: 5 * time.Minute,
		Alg: tokens.ES256, Random: rand.Reader, Now: time.Now,
	})
}

func TestTenFirstBootsAtOnceEndWithOneKeyring(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		sets := together(10, func(int) string {
			k, err := openKeyring(t, open(t), masterKey(1))
			if err != nil {
				t.Error(err)
				return ""
			}
			body, _ := k.JWKS()
			return string(body)
		})
		if distinct := distinct(sets); len(distinct) != 1 {
			t.Fatalf("got %d key sets", len(distinct))
		}
		var set struct{ Keys []struct{ Kid string } }
		if err := json.Unmarshal([]byte(sets[0]), &set); err != nil || len(set.Keys) != 2 {
			t.Errorf("got %v, %v: want two keys from the first boot on", set, err)
		}
		rows, err := open(t).LoadKeyring(t.Context())
		if err != nil || len(rows.Secrets) != 4 || len(rows.Keys) != 2 || rows.Version != 1 {
			t.Errorf("got %d secrets, %d keys, version %d, %v", len(rows.Secrets), len(rows.Keys), rows.Version, err)
		}
	})
}

func TestARestartFindsTheSameKeys(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		store := open(t)
		var tags []string
		for range 3 {
			k, err := openKeyring(t, store, masterKey(1))
			if err != nil {
				t.Fatal(err)
			}
			_, etag := k.JWKS()
			tags = append(tags, etag)
		}
		if len(distinct(tags)) != 1 {
			t.Errorf("got %v", tags)
		}
	})
}

// D9, D12: a wrong master key opens nothing, and adds nothing beside what it cannot open.
func TestAWrongMasterKeyIsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		store := open(t)
		if _, err := openKeyring(t, store, masterKey(1)); err != nil {
			t.Fatal(err)
		}
		before, err := store.LoadKeyring(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := openKeyring(t, store, masterKey(2)); !errors.Is(err, tokens.ErrMasterKey) {
			t.Errorf("got %v, want %v", err, tokens.ErrMasterKey)
		}
		after, err := store.LoadKeyring(t.Context())
		if err != nil || len(after.Secrets) != len(before.Secrets) || after.Version != before.Version {
			t.Errorf("the keyring changed: %v", err)
		}
		if _, err := openKeyring(t, store, masterKey(2), masterKey(1)); err != nil {
			t.Errorf("with the right key second: %v", err)
		}
	})
}

// D8: a dump has nothing in clear that opens anything.
func TestStoredSecretsAreSealed(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		store := open(t)
		if _, err := openKeyring(t, store, masterKey(1)); err != nil {
			t.Fatal(err)
		}
		rows, err := store.LoadKeyring(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range rows.Secrets {
			// PKCS #8 begins with a version and the OID of EC keys.
			if bytes.Contains(secret.Sealed, []byte{0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01}) {
				t.Errorf("%s is in clear", secret.Name)
			}
		}
		for _, key := range rows.Keys {
			if bytes.Contains([]byte(key.PublicJWK), []byte(`"d"`)) {
				t.Errorf("%s shows its private half", key.KID)
			}
		}
	})
}

// countedKeyring counts readings of the keyring.
type countedKeyring struct {
	tokens.KeyringStore
	loads int
	down  bool
	slow  func() // nil: a reading takes no time
}

func (s *countedKeyring) LoadKeyring(ctx context.Context) (tokens.KeyringRows, error) {
	s.loads++
	if s.slow != nil {
		s.slow()
	}
	if s.down {
		return tokens.KeyringRows{}, errors.New("down")
	}
	return s.KeyringStore.LoadKeyring(ctx)
}

func TestAnUnknownSecretVersionCausesOneReadingASecond(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		var counted *countedKeyring
		var now atomic.Int64
		a := w.start(func(c *tokens.Config) {
			counted = &countedKeyring{KeyringStore: w.open(t)}
			var err error
			c.Keyring, err = tokens.OpenKeyring(t.Context(), tokens.KeyringConfig{
				Store: counted, MasterKeys: [][]byte{make([]byte, tokens.MasterKeyBytes)}, AccessTTL: accessTTL, Alg: tokens.ES256,
				Random: rand.Reader, Now: func() time.Time { return time.Unix(now.Load(), 0) },
			})
			if err != nil {
				t.Fatal(err)
			}
		})
		good := a.login("ann").RefreshToken
		raw, err := base64.RawURLEncoding.DecodeString(good[4:])
		if err != nil {
			t.Fatal(err)
		}
		raw[0] = 200
		unknown := "art_" + base64.RawURLEncoding.EncodeToString(raw)

		before := counted.loads
		for second := range 3 {
			now.Store(int64(1000 + second))
			for range 50 {
				a.refused(unknown, tokens.ErrRefreshTokenInvalid)
			}
			if got := counted.loads - before; got != second+1 {
				t.Errorf("second %d: %d readings", second, got)
			}
		}
		now.Add(1)
		counted.down = true
		for range 2 { // the second time the store is not asked, and nobody knows more than before
			if _, err := a.Refresh(t.Context(), unknown, home); auth.KindOf(err) != auth.Unavailable {
				t.Errorf("got %v, want unavailable", err)
			}
		}
		a.refresh(good)

		// Whoever waited for a reading that took long has its answer. Were each to read for itself, a
		// handful of forged tokens would wait for minutes, one behind the other, while the store hangs.
		now.Add(1)
		counted.slow, before = func() { now.Add(5) }, counted.loads
		for range 3 {
			if _, err := a.Refresh(t.Context(), unknown, home); auth.KindOf(err) != auth.Unavailable {
				t.Errorf("got %v, want unavailable", err)
			}
		}
		if got := counted.loads - before; got != 1 {
			t.Errorf("a reading that takes 5 s: got %d readings at once, want 1", got)
		}

		now.Add(1)
		counted.down, counted.slow = false, nil
		gone, hangUp := context.WithCancel(t.Context())
		hangUp()
		_, _ = a.Refresh(gone, unknown, home) // reads for everybody: its leaving must not fail the others
		a.refused(unknown, tokens.ErrRefreshTokenInvalid)
	})
}

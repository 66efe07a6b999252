package sqlite

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/authd/authd/internal/tokens"
)

// A key without its private half would be published, and chosen to sign one day.
func TestAKeyWhoseSecretCannotBeStoredIsNotStored(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	if _, err := s.RaiseHead(t.Context(), "feed", time.Minute, time.Minute); err != nil {
		t.Fatal(err)
	}
	secret := tokens.SealedSecret{Name: "signing.kid", Sealed: []byte{1}, CreatedAt: now()}
	key := tokens.PublishedKey{KID: "kid", Slot: 1, Alg: "ES256", PublicJWK: "{}", CreatedAt: now()}
	add := func(keys ...tokens.PublishedKey) {
		t.Helper()
		if err := s.AddKeyring(t.Context(), []tokens.SealedSecret{secret}, keys); err != nil {
			t.Fatal(err)
		}
	}
	add() // the name is taken from here on
	secret.Sealed = []byte{2}
	add(key)
	rows, err := s.LoadKeyring(t.Context())
	if err != nil || len(rows.Keys) != 0 || len(rows.Secrets) != 1 || rows.Secrets[0].Sealed[0] != 1 {
		t.Errorf("the keyring is %+v, error %v", rows, err)
	}
	if rows.Version != 1 {
		t.Errorf("the keyring's version is %d, want 1: the second call stored nothing", rows.Version)
	}
}

// Without a head there is no version to raise, so nobody would read what was stored.
func TestTheKeyringWaitsForTheHead(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	secret := tokens.SealedSecret{Name: "refresh.1", Sealed: []byte{1}, CreatedAt: now()}
	if err := s.AddKeyring(t.Context(), []tokens.SealedSecret{secret}, nil); !errors.Is(err, errNoHead) {
		t.Errorf("AddKeyring without a head answers %v", err)
	}
	if rows, err := s.LoadKeyring(t.Context()); err != nil || len(rows.Secrets) != 0 {
		t.Errorf("the keyring is %+v, error %v", rows, err)
	}
}

func TestFractionsOfASecondAreRoundedUpInTheHead(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	for range 2 { // made, and raised
		head, err := s.RaiseHead(t.Context(), "feed", 1500*time.Millisecond, time.Nanosecond)
		if err != nil || head.MaxTTL != 2*time.Second || head.JWKSMaxAge != time.Second {
			t.Errorf("the head is %+v, error %v, want 2s and 1s", head, err)
		}
	}
}

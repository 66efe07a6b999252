package accounts

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/password"
	"github.com/authd/authd/internal/tokens"
)

// Peppers lends the keyring's peppers to the hasher.
type Peppers struct{ Keyring *tokens.Keyring }

// Current returns the pepper for new hashes.
func (p Peppers) Current() password.Pepper {
	version, key := p.Keyring.Pepper()
	return password.Pepper{Version: version, Key: key}
}

// ByVersion returns the pepper that an older hash names.
func (p Peppers) ByVersion(ctx context.Context, version uint32) ([]byte, bool) {
	return p.Keyring.PepperVersion(ctx, version)
}

// CounterKey returns the key under which throttles name what they count. It changes with the pepper, and
// counting then begins anew.
func (p Peppers) CounterKey() ([]byte, error) {
	return hkdf.Key(sha256.New, p.Current().Key, nil, "authd/throttle/counter", 32)
}

// hashPage is how many hashes are read at a time.
const hashPage = 1000

// PepperNamed returns what tells the keyring whether a password hash names a version of the pepper. It
// looks where it found one the last time, so that users who stay away for years cost one page an hour,
// and only then at all of them. It is not safe for concurrent use.
func PepperNamed(store Store) func(ctx context.Context, version uint32) (bool, error) {
	places := make(map[uint32]auth.UserID) // :: version → after whom one was found
	return func(ctx context.Context, version uint32) (bool, error) {
		place, named, err := findPepper(ctx, store, version, places[version])
		if err == nil && !named && places[version] != (auth.UserID{}) {
			place, named, err = findPepper(ctx, store, version, auth.UserID{})
		}
		places[version] = place
		return named, err
	}
}

// findPepper returns after whom the first page stands that names a version.
func findPepper(ctx context.Context, store Store, version uint32, after auth.UserID) (place auth.UserID, named bool, err error) {
	for {
		hashes, last, err := store.PasswordHashes(ctx, after, hashPage)
		if err != nil {
			return after, false, err
		}
		for _, hash := range hashes {
			if named, ok := password.PepperVersion(hash); ok && named == version {
				return after, true, nil
			}
		}
		if len(hashes) < hashPage {
			return auth.UserID{}, false, nil
		}
		after = last
	}
}

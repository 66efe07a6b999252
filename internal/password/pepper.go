package password

import (
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
)

// ErrNoPepper says that a hash cannot be compared, because it names a pepper that is not loaded. It
// says nothing about the password, and must not be taken for a wrong one.
var ErrNoPepper = errors.New("password: a pepper is not loaded")

// minPepper is the least length of a pepper's key, in bytes.
const minPepper = 32

// Pepper is the secret that goes into every hash, so that a stolen table of hashes cannot even be
// guessed at. Versions count from 1.
type Pepper struct {
	Version uint32
	Key     []byte
}

// check refuses a pepper that was never loaded: hashes made with it could not be told from imported
// ones, or anybody could guess at them.
func (p Pepper) check() error {
	if p.Version == 0 || len(p.Key) < minPepper {
		return fmt.Errorf("password: pepper version %d of %d bytes: want a version from 1 on and %d bytes at least",
			p.Version, len(p.Key), minPepper)
	}
	return nil
}

// Peppers is asked for the pepper at every hash and comparison, so that a new version needs no
// restart. Both methods may be called from any goroutine.
type Peppers interface {
	// Current returns the pepper for new hashes, from memory.
	Current() Pepper
	// ByVersion returns the key of a version that a stored hash names, false if it cannot be had. As a
	// rule it answers from memory. It may look further for a version that it does not know, because
	// another instance may just have begun to use it, as long as it bounds how often and for how long.
	ByVersion(ctx context.Context, version uint32) ([]byte, bool)
}

// prehash makes what bcrypt is given: 64 characters, whatever the password's length, without NUL.
//
// bcrypt reads 72 bytes and silently ignores the rest: Go's comparison does not even look, so that
// any two passwords with the same first 72 bytes were one. The password stands alone in it: in 2024 a
// large provider hashed id, user name and password one after the other, and from a name of 52
// characters on every password was right.
func prehash(key []byte, password string) []byte {
	mac := hmac.New(sha512.New384, key)
	mac.Write([]byte(password))
	return base64.StdEncoding.AppendEncode(nil, mac.Sum(nil))
}

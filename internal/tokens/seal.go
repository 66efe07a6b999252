package tokens

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
)

// sealer hides long-lived secrets under the master keys: AES-256-GCM with the secret's name as
// additional data, so that one row's content cannot be moved under another name. The first master key
// seals; all open, which is how one is replaced.
type sealer struct {
	keys []sealKey
}

type sealKey struct {
	id   [sealID]byte // tells which master key a row needs, and nothing else
	aead cipher.AEAD
}

const (
	// MasterKeyBytes is the length of a master key.
	MasterKeyBytes = 32

	sealID    = 4
	sealNonce = 12
)

// ErrMasterKey is what opening the keyring returns when no master key at hand opens a stored secret.
var ErrMasterKey = errors.New("the master key does not open the secrets in this store: it is not the key that sealed them")

func newSealer(masters [][]byte) (*sealer, error) {
	if len(masters) == 0 {
		return nil, errors.New("a master key is needed")
	}
	s := &sealer{}
	for i, master := range masters {
		if len(master) != MasterKeyBytes {
			return nil, fmt.Errorf("master key %d has %d bytes: want %d", i+1, len(master), MasterKeyBytes)
		}
		key, err := newSealKey(master)
		if err != nil {
			return nil, err
		}
		s.keys = append(s.keys, key)
	}
	return s, nil
}

func newSealKey(master []byte) (k sealKey, err error) {
	id, err := hkdf.Key(sha256.New, master, nil, "authd/seal/id", sealID)
	if err != nil {
		return k, err
	}
	key, err := hkdf.Key(sha256.New, master, nil, "authd/seal/key", 32)
	if err != nil {
		return k, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return k, err
	}
	k.aead, err = cipher.NewGCM(block)
	copy(k.id[:], id)
	return k, err
}

// seal writes id(4) · nonce(12) · ciphertext and tag.
func (s *sealer) seal(name string, secret []byte, random io.Reader) ([]byte, error) {
	key := s.keys[0]
	sealed := make([]byte, sealID+sealNonce, sealID+sealNonce+len(secret)+key.aead.Overhead())
	copy(sealed, key.id[:])
	nonce := sealed[sealID:]
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("seal %s: %w", name, err)
	}
	return key.aead.Seal(sealed, nonce, secret, []byte(name)), nil
}

// knows reports whether a master key at hand sealed this.
func (s *sealer) knows(sealed []byte) bool {
	return slices.ContainsFunc(s.keys, func(key sealKey) bool { return key.sealed(sealed) })
}

// isFirst reports whether the first master key sealed this.
func (s *sealer) isFirst(sealed []byte) bool { return s.keys[0].sealed(sealed) }

func (k *sealKey) sealed(by []byte) bool { return len(by) >= sealID && [sealID]byte(by) == k.id }

// open returns what was sealed under name, or [ErrMasterKey].
func (s *sealer) open(name string, sealed []byte) ([]byte, error) {
	if len(sealed) < sealID+sealNonce {
		return nil, fmt.Errorf("open %s: %d bytes are too few", name, len(sealed))
	}
	for _, key := range s.keys {
		if !key.sealed(sealed) {
			continue
		}
		secret, err := key.aead.Open(nil, sealed[sealID:sealID+sealNonce], sealed[sealID+sealNonce:], []byte(name))
		if err != nil {
			return nil, fmt.Errorf("open %s: the stored bytes were changed", name)
		}
		return secret, nil
	}
	return nil, fmt.Errorf("open %s: %w", name, ErrMasterKey)
}

package jws

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"math/big"
)

const (
	es256 = "ES256" // ECDSA on P-256 with SHA-256, RFC 7518, section 3.4
	edDSA = "EdDSA" // Ed25519, RFC 8037, section 3.1
	rs256 = "RS256" // RSASSA-PKCS1-v1_5 with SHA-256, RFC 7518, section 3.3

	maxSignature = maxRSABits / 8 // of RSA; the others have 64 bytes
)

// Key is a public key with the one algorithm that it is used for.
type Key struct {
	id  string
	alg string

	// One of them is set, by alg.
	ec  *ecdsa.PublicKey
	ed  ed25519.PublicKey
	rsa *rsa.PublicKey
}

// ID returns the key's kid.
func (k *Key) ID() string { return k.id }

// Algorithm returns the only algorithm that the key is used for.
func (k *Key) Algorithm() string { return k.alg }

// Public returns the key as the standard library has it.
func (k *Key) Public() crypto.PublicKey {
	switch k.alg {
	case es256:
		return k.ec
	case edDSA:
		return k.ed
	}
	return k.rsa
}

// Verify reports whether a signature, in the form of a JWS, is the key's over what was signed.
func (k *Key) Verify(signed, signature []byte) bool {
	switch k.alg {
	case es256:
		return k.verifyES256(signed, signature)
	case edDSA:
		return ed25519.Verify(k.ed, signed, signature)
	case rs256:
		digest := sha256.Sum256(signed)
		return rsa.VerifyPKCS1v15(k.rsa, crypto.SHA256, digest[:], signature) == nil
	}
	return false
}

// verifyES256 takes r and s as 32 bytes each, never DER (RFC 7518, section 3.4). That both are from 1
// to n-1 is checked by ecdsa.Verify.
func (k *Key) verifyES256(signed, signature []byte) bool {
	if len(signature) != 64 {
		return false
	}
	digest := sha256.Sum256(signed)
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	return ecdsa.Verify(k.ec, digest[:], r, s)
}

// newES256 takes the coordinates of a point. Both have exactly 32 bytes (RFC 7518, section 6.2.1.2),
// and the point must lie on the curve: others leak private keys in other protocols, and here would be
// a key that nobody knows what it verifies.
func newES256(id string, x, y []byte) (*Key, error) {
	if len(x) != 32 || len(y) != 32 {
		return nil, errors.New("a coordinate has not 32 bytes")
	}
	point := append(append([]byte{4}, x...), y...)
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return nil, errors.New("not a point of P-256")
	}
	return &Key{id: id, alg: es256, ec: public}, nil
}

func newEdDSA(id string, x []byte) (*Key, error) {
	if len(x) != ed25519.PublicKeySize {
		return nil, errors.New("an Ed25519 key has 32 bytes")
	}
	return &Key{id: id, alg: edDSA, ed: x}, nil
}

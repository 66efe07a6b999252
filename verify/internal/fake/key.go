package fake

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
)

// JSON is an object. What is marshalled from it has its members sorted by name.
type JSON = map[string]any

// A Key signs.
type Key struct {
	KID     string
	Alg     string
	private crypto.Signer
}

// NewKey makes a key for ES256, EdDSA or RS256.
func NewKey(alg string) *Key {
	k := &Key{Alg: alg}
	switch alg {
	case "ES256":
		k.private = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	case "EdDSA":
		_, private, err := ed25519.GenerateKey(rand.Reader)
		k.private = must(private, err)
	case "RS256":
		k.private = must(rsa.GenerateKey(rand.Reader, 2048))
	default:
		panic("fake: no key for " + alg)
	}
	sum := sha256.Sum256(must(json.Marshal(k.JWK())))
	k.KID = Base64(sum[:])
	return k
}

// Public returns the public half.
func (k *Key) Public() crypto.PublicKey { return k.private.Public() }

// JWK describes the public half (RFC 7517).
func (k *Key) JWK() JSON {
	j := JSON{"kid": k.KID, "alg": k.Alg, "use": "sig"}
	switch public := k.private.Public().(type) {
	case *ecdsa.PublicKey:
		point := must(public.Bytes())
		j["kty"], j["crv"], j["x"], j["y"] = "EC", "P-256", Base64(point[1:33]), Base64(point[33:])
	case ed25519.PublicKey:
		j["kty"], j["crv"], j["x"] = "OKP", "Ed25519", Base64(public)
	case *rsa.PublicKey:
		j["kty"], j["n"], j["e"] = "RSA", Base64(public.N.Bytes()), Base64(big.NewInt(int64(public.E)).Bytes())
	}
	return j
}

// Sign makes a compact JWS with the header that an authd writes.
func (k *Key) Sign(typ string, payload []byte) string {
	return k.SignRaw(must(json.Marshal(JSON{"alg": k.Alg, "kid": k.KID, "typ": typ})), payload)
}

// SignRaw signs whatever it is given.
func (k *Key) SignRaw(header, payload []byte) string {
	signed := Base64(header) + "." + Base64(payload)
	return signed + "." + Base64(k.Signature([]byte(signed)))
}

// Signature signs bytes, with r and s of 32 bytes each where the key is on a curve of NIST's.
func (k *Key) Signature(signed []byte) []byte {
	digest := sha256.Sum256(signed)
	switch private := k.private.(type) {
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
		both := make([]byte, 64)
		must(r, err).FillBytes(both[:32])
		s.FillBytes(both[32:])
		return both
	case ed25519.PrivateKey:
		return ed25519.Sign(private, signed)
	}
	return must(k.private.Sign(rand.Reader, digest[:], crypto.SHA256))
}

// Base64 is base64url without padding.
func Base64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

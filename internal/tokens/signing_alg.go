package tokens

import (
	"crypto"
	"fmt"
	"io"
)

// Alg is a signature algorithm by its name in tokens and key sets (RFC 7518, section 3.1; RFC 8037,
// section 3.1). A key is used with one algorithm for good (RFC 8725, section 3.1). A store may hold keys
// of several: which one the next key is for is a setting, and the keys that there are go on as they are.
type Alg string

// All are asymmetric: whoever can check a token must not be able to make one.
const (
	ES256 Alg = "ES256" // ECDSA on P-256 with SHA-256
	EdDSA Alg = "EdDSA" // Ed25519
	RS256 Alg = "RS256" // RSASSA-PKCS1-v1_5 of 3072 bits with SHA-256, for those who read nothing else
)

// Algs returns every algorithm that this build signs with, the default first.
func Algs() []Alg { return []Alg{ES256, EdDSA, RS256} }

// keyPair is the private half of a signing key, from which the public half follows, tied to the
// algorithm that it is used with. It is safe for concurrent use.
type keyPair interface {
	// sign returns the signature of message in the form of a JWS: raw, and always of the same size. It
	// takes no randomness: one message has one signature.
	sign(message []byte) (signature []byte, err error)
	// verify is asked about signatures of signatureSize bytes only.
	verify(message, signature []byte) bool
	signatureSize() int

	private() crypto.PrivateKey
	public() crypto.PublicKey
}

// generate makes a new key pair.
func (a Alg) generate(random io.Reader) (keyPair, error) {
	switch a {
	case ES256:
		return generateES256(random)
	case EdDSA:
		return generateEdDSA(random)
	case RS256:
		return generateRS256(random)
	}
	return nil, a.unknown()
}

// adopt takes a private key that was stored. It refuses what generate would not have made: a row that
// was tampered with must not get a key of another strength, or of another kind, to sign.
func (a Alg) adopt(private crypto.PrivateKey) (keyPair, error) {
	switch a {
	case ES256:
		return adoptES256(private)
	case EdDSA:
		return adoptEdDSA(private)
	case RS256:
		return adoptRS256(private)
	}
	return nil, a.unknown()
}

func (a Alg) unknown() error { return fmt.Errorf("algorithm %q is not in this build", string(a)) }

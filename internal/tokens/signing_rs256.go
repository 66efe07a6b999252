package tokens

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"io"
)

// rs256 is RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, section 3.3).
type rs256 struct{ key *rsa.PrivateKey }

const (
	// rsaBits give RSA the strength of the other two. The 2048 of many others are to go by 2030 (NIST
	// SP 800-57, part 1, section 5.6).
	rsaBits     = 3072
	rsaExponent = 65537
)

func generateRS256(random io.Reader) (keyPair, error) {
	key, err := rsa.GenerateKey(random, rsaBits)
	return rs256{key}, err
}

func adoptRS256(private crypto.PrivateKey) (keyPair, error) {
	key, ok := private.(*rsa.PrivateKey)
	if !ok || key.N.BitLen() != rsaBits || key.E != rsaExponent || len(key.Primes) != 2 {
		return nil, errors.New("not an RSA key of 3072 bits as authd makes them")
	}
	return rs256{key}, nil
}

// sign needs no randomness: this padding has none in it.
func (p rs256) sign(message []byte) ([]byte, error) {
	digest := sha256.Sum256(message)
	return rsa.SignPKCS1v15(nil, p.key, crypto.SHA256, digest[:])
}

func (p rs256) verify(message, signature []byte) bool {
	digest := sha256.Sum256(message)
	return rsa.VerifyPKCS1v15(&p.key.PublicKey, crypto.SHA256, digest[:], signature) == nil
}

func (rs256) signatureSize() int           { return rsaBits / 8 }
func (p rs256) private() crypto.PrivateKey { return p.key }
func (p rs256) public() crypto.PublicKey   { return &p.key.PublicKey }

package tokens

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"errors"
	"io"
	"math/big"
)

// es256 is ECDSA on P-256 with SHA-256 (RFC 7518, section 3.4).
type es256 struct{ key *ecdsa.PrivateKey }

// coordinate is the size of each half of a signature.
const coordinate = 32

func generateES256(random io.Reader) (keyPair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), random)
	return es256{key}, err
}

func adoptES256(private crypto.PrivateKey) (keyPair, error) {
	key, ok := private.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("not a P-256 key")
	}
	return es256{key}, nil
}

// sign writes R and S one after the other; the DER that other protocols use has no fixed size.
func (p es256) sign(message []byte, random io.Reader) ([]byte, error) {
	digest := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(random, p.key, digest[:])
	if err != nil {
		return nil, err
	}
	signature := make([]byte, 2*coordinate)
	r.FillBytes(signature[:coordinate])
	s.FillBytes(signature[coordinate:])
	return signature, nil
}

func (p es256) verify(message, signature []byte) bool {
	digest := sha256.Sum256(message)
	r, s := new(big.Int).SetBytes(signature[:coordinate]), new(big.Int).SetBytes(signature[coordinate:])
	return ecdsa.Verify(&p.key.PublicKey, digest[:], r, s)
}

func (es256) signatureSize() int           { return 2 * coordinate }
func (p es256) private() crypto.PrivateKey { return p.key }
func (p es256) public() crypto.PublicKey   { return &p.key.PublicKey }

package tokens

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"errors"
	"io"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
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

// sign makes the nonce of key and message (RFC 6979), as RFC 8725, section 3.2 recommends: a source of
// randomness that is bad, or gives a value twice, would give the key away. R and S stand one after the
// other; the DER that other protocols use has no fixed size.
func (p es256) sign(message []byte) ([]byte, error) {
	digest := sha256.Sum256(message)
	der, err := p.key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	var pair cryptobyte.String
	var r, s []byte
	if in := cryptobyte.String(der); !in.ReadASN1(&pair, asn1.SEQUENCE) || !pair.ReadASN1Integer(&r) || !pair.ReadASN1Integer(&s) {
		return nil, errors.New("what was signed is not in DER")
	}
	signature := make([]byte, 2*coordinate)
	copy(signature[coordinate-len(r):], r)
	copy(signature[2*coordinate-len(s):], s)
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

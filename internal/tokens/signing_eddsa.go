package tokens

import (
	"crypto"
	"crypto/ed25519"
	"errors"
	"io"
)

// edDSA is Ed25519 (RFC 8037, section 3.1). Its signatures need no randomness: one that is bad, or used
// twice, gives nothing away.
type edDSA struct{ key ed25519.PrivateKey }

func generateEdDSA(random io.Reader) (keyPair, error) {
	_, key, err := ed25519.GenerateKey(random)
	return edDSA{key}, err
}

func adoptEdDSA(private crypto.PrivateKey) (keyPair, error) {
	key, ok := private.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("not an Ed25519 key")
	}
	return edDSA{key}, nil
}

func (p edDSA) sign(message []byte) ([]byte, error) {
	return ed25519.Sign(p.key, message), nil
}

func (p edDSA) verify(message, signature []byte) bool {
	return ed25519.Verify(p.public().(ed25519.PublicKey), message, signature)
}

func (edDSA) signatureSize() int           { return ed25519.SignatureSize }
func (p edDSA) private() crypto.PrivateKey { return p.key }
func (p edDSA) public() crypto.PublicKey   { return p.key.Public() }

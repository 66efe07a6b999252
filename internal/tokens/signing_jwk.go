package tokens

import (
	"crypto"
	"encoding/base64"
	"encoding/json"

	"github.com/lestrrat-go/jwx/v3/jwk"
)

// publicJWK describes the public half of a key pair as RFC 7517 does, named by its thumbprint (RFC 7638).
func publicJWK(alg Alg, pair keyPair) (text, kid string, err error) {
	key, err := jwk.Import(pair.public())
	if err != nil {
		return "", "", err
	}
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", "", err
	}
	kid = base64.RawURLEncoding.EncodeToString(sum)
	for name, value := range map[string]any{
		jwk.KeyIDKey: kid, jwk.AlgorithmKey: string(alg), jwk.KeyUsageKey: jwk.ForSignature,
	} {
		if err := key.Set(name, value); err != nil {
			return "", "", err
		}
	}
	b, err := json.Marshal(key)
	return string(b), kid, err
}

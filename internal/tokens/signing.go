package tokens

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"

	"github.com/authd/authd/internal/revocation"
)

// algES256 is ECDSA on P-256 with SHA-256 (RFC 7518, section 3.4).
const algES256 = "ES256"

// signingKey is one key pair with what is prepared for every token that it signs.
type signingKey struct {
	kid       string
	slot      int64
	signsFrom time.Time // zero: published, not signing yet
	header    string    // the first segment of its access tokens, and the only one that is accepted
	ofPages   string    // the first segment of its pages of the feed
	jwk       json.RawMessage
	private   *ecdsa.PrivateKey
}

// sign makes a compact JWS (RFC 7515, section 7.1) of an access token's claims.
func (k *signingKey) sign(c claims, random io.Reader) (string, error) {
	payload, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	token, err := k.appendJWS(nil, k.header, payload, random)
	return string(token), err
}

// signPage makes a compact JWS of a page of the feed. The first segment tells it from an access token,
// which is why each kind has its own, made once.
func (k *signingKey) signPage(into, payload []byte, random io.Reader) ([]byte, error) {
	return k.appendJWS(into, k.ofPages, payload, random)
}

func (k *signingKey) appendJWS(into []byte, header string, payload []byte, random io.Reader) ([]byte, error) {
	start := len(into)
	encoding := base64.RawURLEncoding
	into = slices.Grow(into, len(header)+1+encoding.EncodedLen(len(payload))+1+encoding.EncodedLen(64))
	into = encoding.AppendEncode(append(append(into, header...), '.'), payload)
	digest := sha256.Sum256(into[start:])
	r, s, err := ecdsa.Sign(random, k.private, digest[:])
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return encoding.AppendEncode(append(into, '.'), signature[:]), nil
}

// verify checks the signature of an access token's first two segments.
func (k *signingKey) verify(signed, signature string) bool {
	b, err := decodeSegment(signature)
	if err != nil || len(b) != 64 {
		return false
	}
	digest := sha256.Sum256([]byte(signed))
	r, s := new(big.Int).SetBytes(b[:32]), new(big.Int).SetBytes(b[32:])
	return ecdsa.Verify(&k.private.PublicKey, digest[:], r, s)
}

// decodeSegment decodes base64url without padding so that exactly one text is valid for given bytes:
// unused bits must be zero, and the line breaks that Go's decoder skips are refused.
func decodeSegment(text string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err == nil && base64.RawURLEncoding.EncodedLen(len(b)) != len(text) {
		err = errors.New("characters outside of the alphabet")
	}
	return b, err
}

// generateKey makes a key pair as the two rows that store it: the public half in clear, the private
// half as PKCS #8 under the name signing.<kid>.
func generateKey(slot int64, clock time.Time, random io.Reader) (PublishedKey, []byte, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return PublishedKey{}, nil, fmt.Errorf("generate a signing key: %w", err)
	}
	public, kid, err := publicJWK(&private.PublicKey)
	if err != nil {
		return PublishedKey{}, nil, fmt.Errorf("describe a signing key: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return PublishedKey{}, nil, fmt.Errorf("encode a signing key: %w", err)
	}
	return PublishedKey{KID: kid, Slot: slot, Alg: algES256, PublicJWK: public, CreatedAt: clock}, secret, nil
}

// publicJWK describes a public key as RFC 7517 does, named by its thumbprint (RFC 7638).
func publicJWK(public *ecdsa.PublicKey) (text, kid string, err error) {
	key, err := jwk.Import(public)
	if err != nil {
		return "", "", err
	}
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", "", err
	}
	kid = base64.RawURLEncoding.EncodeToString(sum)
	for name, value := range map[string]any{
		jwk.KeyIDKey: kid, jwk.AlgorithmKey: jwa.ES256(), jwk.KeyUsageKey: jwk.ForSignature,
	} {
		if err := key.Set(name, value); err != nil {
			return "", "", err
		}
	}
	b, err := json.Marshal(key)
	return string(b), kid, err
}

// openKey joins the two rows of a key again. What is published is made from the private half, and the
// thumbprint binds the row to it: a table that was tampered with must not make us publish one key and
// sign with another.
func openKey(row PublishedKey, secret []byte) (*signingKey, error) {
	if row.Alg != algES256 {
		return nil, fmt.Errorf("signing key %s: algorithm %s is not in this build", row.KID, row.Alg)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(secret)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", row.KID, err)
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, fmt.Errorf("signing key %s: not a P-256 key", row.KID)
	}
	public, kid, err := publicJWK(&private.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", row.KID, err)
	}
	if kid != row.KID {
		return nil, fmt.Errorf("signing key %s: the published half does not belong to the private one", row.KID)
	}
	return &signingKey{
		kid: kid, slot: row.Slot, signsFrom: row.SignsFrom, private: private, jwk: json.RawMessage(public),
		header: headerOf(row.Alg, kid, "at+jwt"), ofPages: headerOf(row.Alg, kid, revocation.PageType),
	}, nil
}

// headerOf is the first segment of what a key signs. Its members need no escapes: they are words of ours
// and a thumbprint.
func headerOf(alg, kid, typ string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"` + alg + `","kid":"` + kid + `","typ":"` + typ + `"}`))
}

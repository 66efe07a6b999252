package tokens

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/authd/authd/internal/revocation"
)

// signingKey is one key pair with what is prepared for every token that it signs.
type signingKey struct {
	kid       string
	slot      int64
	signsFrom time.Time // zero: published, not signing yet
	header    string    // the first segment of its access tokens, and the only one that is accepted
	ofPages   string    // the first segment of its pages of the feed
	jwk       json.RawMessage
	pair      keyPair
}

// sign makes a compact JWS (RFC 7515, section 7.1) of an access token's claims.
func (k *signingKey) sign(c claims) (string, error) {
	payload, err := c.write(make([]byte, 0, 512)) // enough for what most tokens say
	if err != nil {
		return "", err
	}
	token, err := k.appendJWS(nil, k.header, payload)
	return string(token), err
}

// signPage makes a compact JWS of a page of the feed. The first segment tells it from an access token,
// which is why each kind has its own, made once.
func (k *signingKey) signPage(into, payload []byte) ([]byte, error) {
	return k.appendJWS(into, k.ofPages, payload)
}

func (k *signingKey) appendJWS(into []byte, header string, payload []byte) ([]byte, error) {
	start := len(into)
	encoding := base64.RawURLEncoding
	into = slices.Grow(into, len(header)+1+encoding.EncodedLen(len(payload))+1+encoding.EncodedLen(k.pair.signatureSize()))
	into = encoding.AppendEncode(append(append(into, header...), '.'), payload)
	signature, err := k.pair.sign(into[start:])
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return encoding.AppendEncode(append(into, '.'), signature), nil
}

// verify checks the signature of an access token's first two segments.
func (k *signingKey) verify(signed, signature string) bool {
	b, err := decodeSegment(signature)
	return err == nil && len(b) == k.pair.signatureSize() && k.pair.verify([]byte(signed), b)
}

// generateKey makes a key pair as the two rows that store it: the public half in clear, the private
// half as PKCS #8 under the name signing.<kid>. An RSA key takes the better part of a second, so this
// belongs where nobody waits for an answer.
func generateKey(alg Alg, slot int64, clock time.Time, random io.Reader) (PublishedKey, []byte, error) {
	pair, err := alg.generate(random)
	if err != nil {
		return PublishedKey{}, nil, fmt.Errorf("generate a signing key: %w", err)
	}
	public, kid, err := publicJWK(alg, pair)
	if err != nil {
		return PublishedKey{}, nil, fmt.Errorf("describe a signing key: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(pair.private())
	if err != nil {
		return PublishedKey{}, nil, fmt.Errorf("encode a signing key: %w", err)
	}
	return PublishedKey{KID: kid, Slot: slot, Alg: string(alg), PublicJWK: public, CreatedAt: clock}, secret, nil
}

// openKey joins the two rows of a key again. What is published is made from the private half, and the
// thumbprint binds the row to it: a table that was tampered with must not make us publish one key and
// sign with another.
func openKey(row PublishedKey, secret []byte) (*signingKey, error) {
	private, err := x509.ParsePKCS8PrivateKey(secret)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", row.KID, err)
	}
	alg := Alg(row.Alg)
	pair, err := alg.adopt(private)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", row.KID, err)
	}
	public, kid, err := publicJWK(alg, pair)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", row.KID, err)
	}
	if kid != row.KID {
		return nil, fmt.Errorf("signing key %s: the published half does not belong to the private one", row.KID)
	}
	return &signingKey{
		kid: kid, slot: row.Slot, signsFrom: row.SignsFrom, pair: pair, jwk: json.RawMessage(public),
		header: headerOf(alg, kid, "at+jwt"), ofPages: headerOf(alg, kid, revocation.PageType),
	}, nil
}

// headerOf is the first segment of what a key signs. Its members need no escapes: they are words of ours
// and a thumbprint.
func headerOf(alg Alg, kid, typ string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"` + string(alg) + `","kid":"` + kid + `","typ":"` + typ + `"}`))
}

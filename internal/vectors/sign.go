package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"math/big"
	"strings"
)

// compact joins three segments. header and payload are what stands in them, signature is bytes.
func compact(header, payload string, signature []byte) string {
	return signedPart(header, payload) + "." + base64url(signature)
}

func signedPart(header, payload string) string {
	return base64url([]byte(header)) + "." + base64url([]byte(payload))
}

// token signs whatever header and payload say by the algorithm of the key.
func (k *key) token(header, payload string) string {
	return compact(header, payload, k.sign(signedPart(header, payload)))
}

// sign makes the signature of a text. It is the same each time: without a source of randomness ECDSA
// takes the nonce of RFC 6979, and the other two have none.
func (k *key) sign(text string) []byte {
	switch private := k.private.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(private, []byte(text))
	case *rsa.PrivateKey:
		return must(rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest(text)))
	}
	r, s := k.signNumbers(text)
	return fixed(r, s)
}

// signNumbers returns the two numbers of an ECDSA signature.
func (k *key) signNumbers(text string) (r, s *big.Int) {
	der := must(k.private.(*ecdsa.PrivateKey).Sign(nil, digest(text), crypto.SHA256))
	var numbers struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &numbers); err != nil || len(rest) > 0 {
		panic(fmt.Sprintf("signature %x: %v", der, err))
	}
	return numbers.R, numbers.S
}

// fixed writes two numbers as JWS has them, 32 bytes each (RFC 7518, section 3.4).
func fixed(r, s *big.Int) []byte {
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out
}

// hmacToken is signed as HS256 with a secret.
func hmacToken(header, payload string, secret []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(signedPart(header, payload)))
	return compact(header, payload, mac.Sum(nil))
}

func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// member is a member of a JSON object. Its value is a text as it is to stand there.
type member struct{ name, value string }

// object is a JSON object whose members keep their order, which may have names twice and values that
// no encoder would write.
type object []member

// with returns the object with a member replaced, or added at the end.
func (o object) with(name, value string) object {
	out := append(object(nil), o...)
	for i := range out {
		if out[i].name == name {
			out[i].value = value
			return out
		}
	}
	return append(out, member{name, value})
}

// without returns the object without a member.
func (o object) without(name string) (out object) {
	for _, m := range o {
		if m.name != name {
			out = append(out, m)
		}
	}
	return out
}

func (o object) String() string {
	var members []string
	for _, m := range o {
		members = append(members, `"`+m.name+`":`+m.value)
	}
	return "{" + strings.Join(members, ",") + "}"
}

// quoted is a JSON string of a text that needs no escapes.
func quoted(text string) string { return `"` + text + `"` }

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

package main

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/asn1"
	"math/big"
	"slices"
)

// edwardsOrder is L, the order of the base point of Ed25519 (RFC 8032, section 5.1).
var edwardsOrder, _ = new(big.Int).SetString("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed", 16)

func (b *builder) signatures() {
	b.ecdsa()
	b.eddsa()
	b.rsa()
}

// signedBy returns a function that puts a signature under the usual token of a key.
func signedBy(k *key) (part string, with func(signature []byte) string) {
	part = signedPart(head(k).String(), usual().String())
	return part, func(signature []byte) string { return part + "." + base64url(signature) }
}

func (b *builder) ecdsa() {
	part, with := signedBy(b.es)
	good := b.es.sign(part)
	r, s := b.es.signNumbers(part)
	n := elliptic.P256().Params().N
	p := elliptic.P256().Params().P
	one, before := big.NewInt(1), new(big.Int).Sub(n, big.NewInt(1))
	zero := new(big.Int)
	b.add(valid, "ES256, n - s: ECDSA has two signatures of everything", with(fixed(r, new(big.Int).Sub(n, s))), "A24")
	for _, c := range []struct {
		what string
		r, s *big.Int
	}{
		{"r = 0", zero, s}, {"s = 0", r, zero}, {"r = s = 0", zero, zero}, {"r = 1", one, s}, {"s = 1", r, one},
		{"r = s = 1", one, one}, {"r = n", n, s}, {"s = n", r, n}, {"r = s = n", n, n}, {"r = n, s = 0", n, zero},
		{"r = n - 1", before, s}, {"s = n - 1", r, before}, {"r = p", p, s}, {"s = p", r, p},
		{"n - r", new(big.Int).Sub(n, r), s}, {"r and s swapped", s, r},
	} {
		b.refuse("ES256, "+c.what, with(fixed(c.r, c.s)), "A24")
	}
	der := must(asn1.Marshal(struct{ R, S *big.Int }{r, s}))
	b.refuse("ES256, DER", with(der), "A24")
	b.refuse("ES256, DER of zeros", with(must(asn1.Marshal(struct{ R, S *big.Int }{zero, zero}))), "A24")
	b.refuse("ES256, 63 bytes", with(good[:63]), "A24")
	b.refuse("ES256, 63 bytes from the end", with(good[1:]), "A24")
	b.refuse("ES256, 65 bytes", with(append(slices.Clone(good), 0)), "A24")
	b.refuse("ES256, 65 bytes with a zero before", with(append([]byte{0}, good...)), "A24")
	b.refuse("ES256, 66 bytes with zeros before r and s", with(slices.Concat([]byte{0}, good[:32], []byte{0}, good[32:])), "A24")
	b.refuse("ES256, 96 bytes, as ES384 has", with(append(slices.Clone(good), make([]byte, 32)...)), "A24")
	b.refuse("ES256, 32 bytes", with(good[:32]), "A24")
	b.refuse("ES256, all ones", with(slices.Repeat([]byte{0xff}, 64)), "A24")
	b.refuse("ES256, over other claims", with(b.es.sign(signedPart(head(b.es).String(), usual().with("epoch", "4").String()))), "A24")
	b.refuse("ES256, over the payload alone", with(b.es.sign(base64url([]byte(usual().String())))), "A24")
}

func (b *builder) eddsa() {
	ed := b.keys["eddsa"]
	part, with := signedBy(ed)
	good := ed.sign(part)
	b.refuse("EdDSA, 63 bytes", with(good[:63]), "A24")
	b.refuse("EdDSA, 65 bytes", with(append(slices.Clone(good), 0)), "A24")
	b.refuse("EdDSA, all zero", with(make([]byte, 64)), "A24")
	// S and S + L satisfy the same equation. RFC 8032, section 5.1.7, wants S below L.
	s := slices.Clone(good[32:])
	slices.Reverse(s)
	sum := new(big.Int).Add(new(big.Int).SetBytes(s), edwardsOrder).FillBytes(make([]byte, 32))
	slices.Reverse(sum)
	b.refuse("EdDSA, S + L", with(append(slices.Clone(good[:32]), sum...)), "A24")
	identity := append([]byte{1}, make([]byte, 63)...)
	b.refuse("EdDSA, R the identity and S = 0", with(identity), "A24")
}

func (b *builder) rsa() {
	rs := b.keys["rs256"]
	part, with := signedBy(rs)
	good := rs.sign(part)
	private := rs.private.(*rsa.PrivateKey)
	b.refuse("RS256, a byte short", with(good[:len(good)-1]), "A24")
	b.refuse("RS256, a byte too long", with(append(slices.Clone(good), 0)), "A24")
	b.refuse("RS256, a zero before", with(append([]byte{0}, good...)), "A24")
	b.refuse("RS256, 0", with(make([]byte, len(good))), "A24")
	b.refuse("RS256, 1", with(append(make([]byte, len(good)-1), 1)), "A24")
	b.refuse("RS256, the modulus", with(private.N.Bytes()), "A24")
	sum := sha512.Sum512([]byte(part))
	b.refuse("RS256, over SHA-512", with(must(rsa.SignPKCS1v15(nil, private, crypto.SHA512, sum[:]))), "A24")
	b.refuse("RS256, without the name of the hash", with(must(rsa.SignPKCS1v15(nil, private, 0, digest(part)))), "A24")
}

package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
)

// Keys that everybody knows. They are committed because RSA keys cannot be made from a seed.
//
//go:embed keys.json
var committed []byte

// material is a private key as keys.json has it: the members of a JWK, and a name of ours.
type material struct {
	Name string `json:"name"`
	Kty  string `json:"kty"`
	Crv  string `json:"crv"`
	X    string `json:"x"`
	Y    string `json:"y"`
	N    string `json:"n"`
	E    string `json:"e"`
	D    string `json:"d"`
	P    string `json:"p"`
	Q    string `json:"q"`
	DP   string `json:"dp"`
	DQ   string `json:"dq"`
	QI   string `json:"qi"`
}

// key is a key pair with the one algorithm that it is used for.
type key struct {
	material
	alg, kid string
	private  crypto.Signer
}

// published names the keys of the set, in its order.
var published = []string{"es256", "eddsa", "rs256", "killed"}

func readKeys() (map[string]*key, error) {
	var all []material
	if err := json.Unmarshal(committed, &all); err != nil {
		return nil, fmt.Errorf("keys.json: %w", err)
	}
	keys := make(map[string]*key, len(all))
	for _, m := range all {
		k, err := m.open()
		if err != nil {
			return nil, fmt.Errorf("keys.json: %s: %w", m.Name, err)
		}
		keys[m.Name] = k
	}
	return keys, nil
}

func (m material) open() (k *key, err error) {
	k = &key{material: m, kid: m.thumbprint()}
	switch m.Kty {
	case "EC":
		k.alg = "ES256"
		k.private, err = ecdsa.ParseRawPrivateKey(elliptic.P256(), bytesOf(m.D))
	case "OKP":
		k.alg = "EdDSA"
		k.private = ed25519.NewKeyFromSeed(bytesOf(m.D))
	case "RSA":
		k.alg = "RS256"
		private := &rsa.PrivateKey{
			PublicKey: rsa.PublicKey{N: number(m.N), E: int(number(m.E).Int64())},
			D:         number(m.D), Primes: []*big.Int{number(m.P), number(m.Q)},
		}
		private.Precompute()
		k.private = private
	default:
		err = fmt.Errorf("kty %q", m.Kty)
	}
	return k, err
}

// thumbprint is the kid: RFC 7638 over the required members in the order of their names.
func (m material) thumbprint() string {
	var text string
	switch m.Kty {
	case "EC":
		text = fmt.Sprintf(`{"crv":%q,"kty":"EC","x":%q,"y":%q}`, m.Crv, m.X, m.Y)
	case "OKP":
		text = fmt.Sprintf(`{"crv":%q,"kty":"OKP","x":%q}`, m.Crv, m.X)
	case "RSA":
		text = fmt.Sprintf(`{"e":%q,"kty":"RSA","n":%q}`, m.E, m.N)
	}
	sum := sha256.Sum256([]byte(text))
	return base64url(sum[:])
}

// public returns the members of the public JWK that mean something, as a text.
func (k *key) public() string {
	switch k.Kty {
	case "EC":
		return fmt.Sprintf(`"kty":"EC","crv":%q,"x":%q,"y":%q`, k.Crv, k.X, k.Y)
	case "OKP":
		return fmt.Sprintf(`"kty":"OKP","crv":%q,"x":%q`, k.Crv, k.X)
	}
	return fmt.Sprintf(`"kty":"RSA","n":%q,"e":%q`, k.N, k.E)
}

// secret returns the members that a private JWK has besides.
func (k *key) secret() string {
	if k.Kty != "RSA" {
		return fmt.Sprintf(`"d":%q`, k.D)
	}
	return fmt.Sprintf(`"d":%q,"p":%q,"q":%q,"dp":%q,"dq":%q,"qi":%q`, k.D, k.P, k.Q, k.DP, k.DQ, k.QI)
}

// labels returns the members that say what a key is for.
func (k *key) labels() string {
	return fmt.Sprintf(`"use":"sig","alg":%q,"kid":%q`, k.alg, k.kid)
}

type set struct {
	Keys []json.RawMessage `json:"keys"`
}

func keySet(keys map[string]*key) set {
	var s set
	for _, name := range published {
		s.Keys = append(s.Keys, json.RawMessage("{"+keys[name].public()+","+keys[name].labels()+"}"))
	}
	return s
}

// privateSet lets others make vectors of their own.
func privateSet(keys map[string]*key) set {
	var s set
	for _, name := range append(published, "stranger") {
		k := keys[name]
		s.Keys = append(s.Keys, json.RawMessage(fmt.Sprintf(`{"name":%q,%s,%s,%s}`, name, k.public(), k.secret(), k.labels())))
	}
	return s
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// bytesOf decodes what is committed. What is wrong there ends the program.
func bytesOf(text string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

func number(text string) *big.Int { return new(big.Int).SetBytes(bytesOf(text)) }

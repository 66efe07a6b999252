package main

import (
	"fmt"
	"math/big"
	"strings"
)

// A keySetCase is the body of a key set, as a text because some are no JSON, and the kids of the keys
// that may be used. The others are left out, or the whole set is refused.
type keySetCase struct {
	Name    string   `json:"name"`
	Cases   []string `json:"cases,omitempty"`
	Outcome string   `json:"outcome"`
	Usable  []string `json:"usable"`
	Strict  bool     `json:"strict,omitempty"`
	Set     string   `json:"set"`
}

// sets collects key sets. Each has a key that is good beside the one that is looked at, so that it shows
// whether one bad key spoils the others.
type sets struct {
	good *key
	all  []keySetCase
}

func (s *sets) add(outcome, name, text string, usable []string, cases ...string) *keySetCase {
	if usable == nil {
		usable = []string{}
	}
	s.all = append(s.all, keySetCase{Name: name, Cases: cases, Outcome: outcome, Usable: usable, Set: text})
	return &s.all[len(s.all)-1]
}

// refuse adds a set with a key that must not be used.
func (s *sets) refuse(name, members string) *keySetCase {
	return s.add(valid, name, setOf(members, jwk(s.good)), []string{s.good.kid}, "A25")
}

func setOf(keys ...string) string { return `{"keys":` + list(keys) + `}` }
func jwk(k *key) string           { return "{" + k.public() + "," + k.labels() + "}" }

func keySetsFile(keys map[string]*key) any {
	s := &sets{good: keys["stranger"]}
	s.whole(keys)
	s.foreign()
	s.purpose(keys["es256"])
	s.elliptic(keys["es256"], keys["eddsa"])
	s.rsa(keys["rs256"], keys["small"])
	s.repeated(keys["es256"])
	return struct {
		KeySets []keySetCase `json:"key_sets"`
	}{s.all}
}

// whole are sets that are good as they are, or that cannot be read at all.
func (s *sets) whole(keys map[string]*key) {
	all := []string{jwk(keys["es256"]), jwk(keys["eddsa"]), jwk(keys["rs256"])}
	kids := []string{keys["es256"].kid, keys["eddsa"].kid, keys["rs256"].kid}
	s.add(valid, "one key of each algorithm", setOf(all...), kids)
	s.add(valid, "members that nobody knows", `{"x":[{}],"keys":`+list(all)+`,"y":null}`, kids)
	bare := fmt.Sprintf(`{%s,"kid":%q}`, s.good.public(), s.good.kid)
	s.add(valid, "a key with nothing but its kid", setOf(bare), []string{s.good.kid})
	s.add(valid, "key_ops with verify", setOf(fmt.Sprintf(`{%s,"key_ops":["verify"],"kid":%q}`, s.good.public(), s.good.kid)), []string{s.good.kid})
	s.add(valid, "no keys", `{"keys":[]}`, nil)
	for _, bad := range []struct{ what, text string }{
		{"nothing", ""}, {"null", "null"}, {"a list", list(all)}, {"a key", all[0]}, {"an object without keys", "{}"},
		{"keys is null", `{"keys":null}`}, {"keys is an object", `{"keys":{}}`}, {"a page of HTML", "<!doctype html><title>Sign in</title>"},
		{"cut off", setOf(all...)[:200]}, {"something behind", setOf(all...) + "{}"}, {"a mark of byte order", "\ufeff" + setOf(all...)},
		{"keys twice", `{"keys":[],"keys":` + list(all) + `}`},
	} {
		s.add(invalid, bad.what, bad.text, nil, "A25")
	}
}

// foreign are keys that are none of ours and worth no alarm (RFC 7517, section 5).
func (s *sets) foreign() {
	for _, f := range []struct{ what, members string }{
		{"a key of ML-DSA", `"kty":"AKP","alg":"ML-DSA-65","pub":"AAAA","kid":"pq"`},
		{"a key of a type that does not exist", `"kty":"XYZ","kid":"x"`},
		{"a key on P-384", `"kty":"EC","crv":"P-384","x":"AAAA","y":"AAAA","kid":"p384"`},
		{"a key on secp256k1", `"kty":"EC","crv":"secp256k1","x":"AAAA","y":"AAAA","kid":"k1"`},
		{"a key on Ed448", `"kty":"OKP","crv":"Ed448","x":"AAAA","kid":"ed448"`},
		{"a key on X25519", `"kty":"OKP","crv":"X25519","x":"` + strings.Repeat("A", 43) + `","kid":"x25519"`},
	} {
		s.add(valid, f.what, setOf("{"+f.members+"}", jwk(s.good)), []string{s.good.kid}, "A26")
	}
	for _, value := range []string{"null", "1", `"key"`, "[]", "{}"} {
		s.refuse("instead of a key: "+value, value)
	}
	s.refuse("a key without kty", `{"crv":"P-256","kid":"x"}`)
	s.refuse("a symmetric key", `{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0","alg":"HS256","use":"sig","kid":"oct"}`)
}

// purpose are keys that say that they are for something else, or do not say who they are.
func (s *sets) purpose(es *key) {
	public := es.public()
	for _, p := range []struct{ what, labels string }{
		{"use enc", `"use":"enc","kid":"x"`}, {"use of another type", `"use":1,"kid":"x"`},
		{"key_ops without verify", `"key_ops":["sign"],"kid":"x"`}, {"key_ops empty", `"key_ops":[],"kid":"x"`},
		{"key_ops of another type", `"key_ops":"verify","kid":"x"`}, {"alg HS256", `"alg":"HS256","kid":"x"`},
		{"alg none", `"alg":"none","kid":"x"`}, {"alg ES384 on P-256", `"alg":"ES384","kid":"x"`},
		{"alg RS256 on P-256", `"alg":"RS256","kid":"x"`}, {"alg EdDSA on P-256", `"alg":"EdDSA","kid":"x"`},
		{"alg ECDH-ES", `"alg":"ECDH-ES","kid":"x"`},
	} {
		s.refuse(p.what, "{"+public+","+p.labels+"}")
	}
	for _, kid := range []string{`""`, `"../key"`, `"a b"`, `1`, quoted(strings.Repeat("k", 65))} {
		s.refuse("kid "+kid, "{"+public+`,"kid":`+kid+"}").Strict = true
	}
	s.refuse("no kid", "{"+public+"}").Strict = true
	s.refuse("its private half beside it", "{"+public+`,"d":"`+es.D+`","kid":"x"}`).Strict = true
}

func (s *sets) elliptic(es, ed *key) {
	ec := func(x, y string) string {
		return fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":%q,"y":%q,"alg":"ES256","kid":"x"}`, x, y)
	}
	zero := base64url(make([]byte, 32))
	prime, _ := new(big.Int).SetString("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16)
	s.refuse("a point that is not on the curve", ec(es.X, es.X))
	s.refuse("the point (0, 0)", ec(zero, zero))
	s.refuse("a coordinate of 31 bytes", ec(base64url(bytesOf(es.X)[1:]), es.Y))
	s.refuse("a coordinate of 33 bytes", ec(base64url(append([]byte{0}, bytesOf(es.X)...)), es.Y))
	s.refuse("a coordinate that is the prime", ec(base64url(prime.Bytes()), es.Y))
	s.refuse("a coordinate with padding", ec(es.X+"=", es.Y))
	s.refuse("a coordinate with loose bits", ec(es.X[:42]+loose(es.X[42]), es.Y))
	s.refuse("a coordinate with a line end", fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":"%s\n","y":%q,"kid":"x"}`, es.X, es.Y))
	s.refuse("no y", fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":%q,"kid":"x"}`, es.X))
	s.refuse("no crv", fmt.Sprintf(`{"kty":"EC","x":%q,"y":%q,"kid":"x"}`, es.X, es.Y))
	s.refuse("Ed25519 as EC", fmt.Sprintf(`{"kty":"EC","crv":"Ed25519","x":%q,"kid":"x"}`, ed.X))
	s.refuse("Ed25519 of 31 bytes", fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":%q,"kid":"x"}`, base64url(bytesOf(ed.X)[1:])))
	s.refuse("Ed25519 of 33 bytes", fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":%q,"kid":"x"}`, base64url(append(bytesOf(ed.X), 0))))
	s.refuse("Ed25519 with alg ES256", fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":%q,"alg":"ES256","kid":"x"}`, ed.X))
}

func (s *sets) rsa(rs, small *key) {
	rsa := func(n, e string) string {
		return fmt.Sprintf(`{"kty":"RSA","n":%q,"e":%q,"alg":"RS256","kid":"x"}`, n, e)
	}
	e := func(exponent int64) string { return base64url(big.NewInt(exponent).Bytes()) }
	s.refuse("RSA of 1024 bits", rsa(small.N, small.E))
	s.refuse("RSA with e = 1", rsa(rs.N, e(1)))
	s.refuse("RSA with e = 2", rsa(rs.N, e(2)))
	s.refuse("RSA with e = 65536", rsa(rs.N, e(65536)))
	s.refuse("RSA with e = 3", rsa(rs.N, e(3))).Strict = true
	s.refuse("RSA with e of 40 bits", rsa(rs.N, e(1<<40+1))).Strict = true
	s.refuse("RSA without e", fmt.Sprintf(`{"kty":"RSA","n":%q,"kid":"x"}`, rs.N))
	s.refuse("RSA without n", fmt.Sprintf(`{"kty":"RSA","e":%q,"kid":"x"}`, rs.E))
	s.refuse("RSA with n = 0", rsa("AA", rs.E))
	s.refuse("RSA with a zero before n", rsa(base64url(append([]byte{0}, bytesOf(rs.N)...)), rs.E))
	s.refuse("RSA with a zero before e", rsa(rs.N, base64url([]byte{0, 1, 0, 1})))
	s.refuse("RSA with an even n", rsa(base64url(new(big.Int).Sub(number(rs.N), big.NewInt(1)).Bytes()), rs.E))
	s.refuse("RSA of 16384 bits", rsa(base64url(append(bytesOf(rs.N), make([]byte, 16384/8-384-1)...))[:2730]+"B", rs.E))
	s.refuse("RSA with alg PS256", fmt.Sprintf(`{%s,"alg":"PS256","kid":"x"}`, rs.public()))
	s.refuse("RSA with alg HS256", fmt.Sprintf(`{%s,"alg":"HS256","kid":"x"}`, rs.public()))
}

// repeated are kids that stand twice. Which of the keys is meant is nobody's to guess.
func (s *sets) repeated(es *key) {
	named := func(k *key) string { return fmt.Sprintf(`{%s,"kid":"twice"}`, k.public()) }
	s.add(valid, "two keys of one kid", setOf(named(es), jwk(s.good), named(s.good)), []string{s.good.kid}, "A25")
	s.add(valid, "one key twice", setOf(jwk(es), jwk(s.good), jwk(es)), []string{s.good.kid}, "A25").Strict = true
	s.add(valid, "a good and a bad key of one kid", setOf(named(es), jwk(s.good), `{"kty":"oct","k":"AAAA","kid":"twice"}`), []string{s.good.kid}, "A25").Strict = true
	s.add(invalid, "a member of a key twice", setOf(fmt.Sprintf(`{%s,"kid":"a","kid":"b"}`, es.public()), jwk(s.good)), nil, "A25").Strict = true
}

package jws

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/authd/authd/verify/internal/fake"
)

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func changed(key *fake.Key, changes fake.JSON) fake.JSON {
	j := key.JWK()
	for name, value := range changes {
		if j[name] = value; value == nil {
			delete(j, name)
		}
	}
	return j
}

func number(n *big.Int) string { return fake.Base64(n.Bytes()) }

// A25, A26.
func TestAKeyOfAnotherFormIsRefused(t *testing.T) {
	t.Parallel()
	ec, ed, rs := fake.NewKey("ES256"), fake.NewKey("EdDSA"), fake.NewKey("RS256")
	n := rs.Public().(*rsa.PublicKey).N
	point := ec.JWK()
	x, y := point["x"].(string), point["y"].(string)
	for what, c := range map[string]struct {
		jwk     fake.JSON
		foreign bool
	}{
		"use enc":                 {changed(ec, fake.JSON{"use": "enc"}), false},
		"use of capitals":         {changed(ec, fake.JSON{"use": "SIG"}), false},
		"an empty use":            {changed(ec, fake.JSON{"use": ""}), false},
		"key_ops sign":            {changed(ec, fake.JSON{"key_ops": []string{"sign"}}), false},
		"no key_ops":              {changed(ec, fake.JSON{"key_ops": []string{}}), false},
		"key_ops that is a text":  {changed(ec, fake.JSON{"key_ops": "verify"}), false},
		"symmetric":               {fake.JSON{"kty": "oct", "kid": "a", "alg": "HS256", "k": "AAAA"}, false},
		"private":                 {changed(ec, fake.JSON{"d": x}), false},
		"no kid":                  {changed(ec, fake.JSON{"kid": nil}), false},
		"a kid with a path":       {changed(ec, fake.JSON{"kid": "../a"}), false},
		"a kid of 65 letters":     {changed(ec, fake.JSON{"kid": strings.Repeat("k", 65)}), false},
		"no kty":                  {changed(ec, fake.JSON{"kty": nil}), true},
		"kty of tomorrow":         {changed(ec, fake.JSON{"kty": "AKP"}), true},
		"another curve":           {changed(ec, fake.JSON{"crv": "P-384"}), true},
		"no curve":                {changed(ec, fake.JSON{"crv": nil}), true},
		"Ed448":                   {changed(ed, fake.JSON{"crv": "Ed448"}), true},
		"X25519":                  {changed(ed, fake.JSON{"crv": "X25519"}), true},
		"P-256 with EdDSA":        {changed(ec, fake.JSON{"alg": "EdDSA"}), false},
		"P-256 with none":         {changed(ec, fake.JSON{"alg": "none"}), false},
		"P-256 with an empty alg": {changed(ec, fake.JSON{"alg": ""}), false},
		"Ed25519 with ES256":      {changed(ed, fake.JSON{"alg": "ES256"}), false},
		"RSA with PS256":          {changed(rs, fake.JSON{"alg": "PS256"}), true},
		"RSA for encryption":      {changed(rs, fake.JSON{"alg": "RSA-OAEP"}), true},
		"no x":                    {changed(ec, fake.JSON{"x": nil}), false},
		"no y":                    {changed(ec, fake.JSON{"y": nil}), false},
		"x and y swapped":         {changed(ec, fake.JSON{"x": y, "y": x}), false},
		"y of another":            {changed(ec, fake.JSON{"y": x}), false},
		"zeros":                   {changed(ec, fake.JSON{"x": fake.Base64(make([]byte, 32)), "y": fake.Base64(make([]byte, 32))}), false},
		"x with a zero before":    {changed(ec, fake.JSON{"x": fake.Base64(make([]byte, 33))}), false},
		"x with padding":          {changed(ec, fake.JSON{"x": x + "="}), false},
		"x with a line's end":     {changed(ec, fake.JSON{"x": x[:4] + "\n" + x[4:]}), false},
		"Ed25519 of 31 bytes":     {changed(ed, fake.JSON{"x": fake.Base64(make([]byte, 31))}), false},
		"Ed25519 without x":       {changed(ed, fake.JSON{"x": nil}), false},
		"RSA of 1024 bits":        {changed(rs, fake.JSON{"n": number(odd(1024))}), false},
		"RSA of 2047 bits":        {changed(rs, fake.JSON{"n": number(odd(2047))}), false},
		"RSA of 4097 bits":        {changed(rs, fake.JSON{"n": number(odd(4097))}), false},
		"an even modulus":         {changed(rs, fake.JSON{"n": number(new(big.Int).Add(n, big.NewInt(1)))}), false},
		"a modulus with a zero":   {changed(rs, fake.JSON{"n": fake.Base64(append([]byte{0}, n.Bytes()...))}), false},
		"ROCA":                    {changed(rs, fake.JSON{"n": number(roca())}), false},
		"e = 1":                   {changed(rs, fake.JSON{"e": "AQ"}), false},
		"e = 3":                   {changed(rs, fake.JSON{"e": "Aw"}), false},
		"e = 65536":               {changed(rs, fake.JSON{"e": "AQAA"}), false},
		"e of 32 bits":            {changed(rs, fake.JSON{"e": fake.Base64([]byte{0x80, 0, 0, 1})}), false},
		"e of 40 bits":            {changed(rs, fake.JSON{"e": fake.Base64([]byte{1, 0, 0, 0, 1})}), false},
		"no e":                    {changed(rs, fake.JSON{"e": nil}), false},
		"no n":                    {changed(rs, fake.JSON{"n": nil}), false},
		"a text that is a number": {changed(ec, fake.JSON{"alg": 1}), false},
		"no object":               {nil, false},
	} {
		key, _, err := ParseKey(encode(c.jwk))
		if err == nil || key != nil {
			t.Errorf("%s: it was taken", what)
		}
		if errors.Is(err, ErrForeign) != c.foreign {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// odd is a number of so many bits that is as good as a modulus for whoever does not factor it.
func odd(bits int) *big.Int {
	n, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), uint(bits-1)))
	return n.SetBit(n.SetBit(n, bits-1, 1), 0, 1)
}

// roca is a modulus with the pattern: a power of 65537 modulo the product of the primes that are looked
// at, made long by a multiple of it.
func roca() *big.Int {
	product := big.NewInt(2)
	for _, p := range rocaPrimes {
		product.Mul(product, big.NewInt(p))
	}
	power := new(big.Int).Exp(big.NewInt(65537), big.NewInt(123_456_789), product)
	multiple := new(big.Int).Lsh(big.NewInt(1), 2048)
	multiple.Sub(multiple, new(big.Int).Mod(multiple, product))
	return multiple.Sub(multiple, product).Add(multiple, power)
}

func TestAKeyOfOurAlgorithmsIsTaken(t *testing.T) {
	t.Parallel()
	ec := fake.NewKey("ES256")
	for what, c := range map[string]struct {
		jwk  fake.JSON
		want string
	}{
		"P-256":                  {ec.JWK(), "ES256"},
		"P-256 without alg":      {changed(ec, fake.JSON{"alg": nil}), "ES256"},
		"without use":            {changed(ec, fake.JSON{"use": nil}), "ES256"},
		"with key_ops":           {changed(ec, fake.JSON{"key_ops": []string{"sign", "verify"}}), "ES256"},
		"with members of others": {changed(ec, fake.JSON{"iat": 1, "x5t": "AAAA", "ext": true, "more": fake.JSON{"d": 1}}), "ES256"},
		"Ed25519":                {fake.NewKey("EdDSA").JWK(), "EdDSA"},
		"Ed25519 without alg":    {changed(fake.NewKey("EdDSA"), fake.JSON{"alg": nil}), "EdDSA"},
		"RSA":                    {fake.NewKey("RS256").JWK(), "RS256"},
	} {
		key, kid, err := ParseKey(encode(c.jwk))
		if err != nil {
			t.Errorf("%s: got %v", what, err)
			continue
		}
		if key.Algorithm() != c.want || key.ID() != c.jwk["kid"] || kid != key.ID() {
			t.Errorf("%s: got %s %s", what, key.Algorithm(), key.ID())
		}
	}
}

// A healthy modulus must not be taken for one with the pattern.
func TestAHealthyModulusIsNotROCA(t *testing.T) {
	t.Parallel()
	for range 1000 {
		if n := odd(2048); isROCA(n) {
			t.Fatalf("%x was refused", n)
		}
	}
	if !isROCA(roca()) {
		t.Error("the pattern was not seen")
	}
}

func TestASetIsReadKeyByKey(t *testing.T) {
	t.Parallel()
	a, b, c := fake.NewKey("ES256"), fake.NewKey("ES256"), fake.NewKey("EdDSA")
	body := encode(fake.JSON{"keys": []any{a.JWK(), b.JWK(), fake.JSON{"kty": "AKP"}, 1, "x", nil, b.JWK(), c.JWK()}, "more": 1})
	keys, faults, err := ParseSet(body)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, key := range keys {
		got = append(got, key.ID())
	}
	if strings.Join(got, " ") != a.KID+" "+c.KID {
		t.Errorf("got %v, want the first and the last", got)
	}
	if len(faults) != 6 || !errors.Is(faults[0], ErrForeign) || !strings.Contains(faults[5].Error(), "twice") {
		t.Errorf("got faults %v", faults)
	}
}

func TestWhatIsNoSetIsRefusedWhole(t *testing.T) {
	t.Parallel()
	for _, body := range []string{``, `[]`, `{}`, `null`, `{"keys":{}}`, `{"keys":null}`, `{"Keys":[]}`, `{"keys":[],"keys":[]}`, `{"keys":[]}x`, `{"keys":[`,
		"\xef\xbb\xbf" + `{"keys":[]}`, `{"keys":[` + strings.Repeat("{},", 64) + `{}]}`, `{"keys":[` + strings.Repeat(" ", MaxSet) + `]}`} {
		if keys, _, err := ParseSet([]byte(body)); err == nil || keys != nil {
			t.Errorf("%.40q was read", body)
		}
	}
	if keys, faults, err := ParseSet([]byte(`{"keys":[]}`)); err != nil || keys != nil || faults != nil {
		t.Errorf("an empty set: got %v, %v, %v", keys, faults, err)
	}
}

func FuzzParseSet(f *testing.F) {
	f.Add([]byte(`{"keys":[]}`))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","kid":"a"},{"kty":"AKP"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"b","use":"sig","key_ops":["verify"]}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQ","kid":"c","alg":"RS256"},{"kty":"oct","k":"AAAA"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, _, err := ParseSet(body)
		if err != nil && keys != nil {
			t.Fatal("keys of a set that was refused")
		}
		seen := make(map[string]bool)
		for _, key := range keys {
			if seen[key.ID()] || !isKeyID(key.ID()) {
				t.Fatalf("kid %q", key.ID())
			}
			seen[key.ID()] = true
			key.Verify([]byte("x"), make([]byte, 64)) // must not panic
		}
	})
}

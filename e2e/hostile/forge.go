//go:build unix

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// forgery is an access token that was signed by somebody else, or by nobody.
type forgery struct {
	header, claims string
	sign           func(input string) []byte
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (f forgery) String() string {
	input := encode([]byte(f.header)) + "." + encode([]byte(f.claims))
	return input + "." + encode(f.sign(input))
}

// forge makes tokens out of a genuine one and the key set, as an attacker can who has seen both.
func forge(token string, keySet []byte, kid string) (all []string, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("an access token has %d parts", len(parts))
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, err
	}
	genuine, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	by := signers(key, genuine, keySet)
	for _, header := range headers(kid, key) {
		all = append(all, forgery{header, string(claims), by["own key"]}.String())
	}
	for _, alg := range []string{"none", "None", "nOnE", "NONE", "", "HS256", "HS384", "HS512", "RS256", "PS256", "ES384", "EdDSA", "ES256K"} {
		header := fmt.Sprintf(`{"alg":%q,"typ":"at+jwt","kid":%q}`, alg, kid)
		for _, how := range []string{"nothing", "key set", "key set's key", "own key", "zeros"} {
			all = append(all, forgery{header, string(claims), by[how]}.String())
		}
	}
	good := fmt.Sprintf(`{"alg":"ES256","typ":"at+jwt","kid":%q}`, kid)
	for _, changed := range changedClaims(claims) {
		all = append(all, forgery{good, changed, by["genuine"]}.String(), forgery{good, changed, by["own key"]}.String())
	}
	return append(all, shapes(parts)...), nil
}

func signers(key *ecdsa.PrivateKey, genuine, keySet []byte) map[string]func(string) []byte {
	mac := func(secret []byte) func(string) []byte {
		return func(input string) []byte {
			h := hmac.New(sha256.New, secret)
			h.Write([]byte(input))
			return h.Sum(nil)
		}
	}
	var set struct{ Keys []json.RawMessage }
	first := keySet
	if json.Unmarshal(keySet, &set) == nil && len(set.Keys) > 0 {
		first = set.Keys[0]
	}
	return map[string]func(string) []byte{
		"nothing": func(string) []byte { return nil }, "zeros": func(string) []byte { return make([]byte, 64) },
		"genuine": func(string) []byte { return genuine }, "key set": mac(keySet), "key set's key": mac(first),
		"own key": func(input string) []byte {
			sum := sha256.Sum256([]byte(input))
			r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
			if err != nil {
				panic(err) // no reader of ours fails
			}
			return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		},
	}
}

// headers are what libraries have believed.
func headers(kid string, key *ecdsa.PrivateKey) (all []string) {
	own := fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":%q,"y":%q}`,
		encode(key.X.FillBytes(make([]byte, 32))), encode(key.Y.FillBytes(make([]byte, 32))))
	base := fmt.Sprintf(`"alg":"ES256","typ":"at+jwt","kid":%q`, kid)
	for _, more := range []string{
		``, `,"jwk":` + own, `,"jku":"http://127.0.0.1:1/keys"`, `,"x5u":"http://127.0.0.1:1/x"`, `,"x5c":["AA=="]`, `,"crit":[]`,
		`,"crit":["exp"],"exp":1`, `,"b64":false,"crit":["b64"]`, `,"b64":false`, `,"zip":"DEF"`, `,"cty":"JWT"`, `,"alg":"none"`,
		`,"typ":"JWT"`, `,"kid":"x"`, `,"enc":"A256GCM"`, `,"p2c":1000000000`,
	} {
		all = append(all, "{"+base+more+"}")
	}
	for _, foreign := range []string{
		"", "x", "../../dev/null", "/dev/null", "' union select 'a", "\\u0000", strings.Repeat("k", 6000), strings.Repeat("A", 43), "none", "${x}", "|id",
	} {
		all = append(all, fmt.Sprintf(`{"alg":"ES256","typ":"at+jwt","kid":"%s"}`, foreign))
	}
	for _, typ := range []string{"JWT", "at+JWT", "AT+jwt", "application/at+jwt", "secevent+jwt", "authd-revocations+jwt", ""} {
		all = append(all, fmt.Sprintf(`{"alg":"ES256","typ":%q,"kid":%q}`, typ, kid))
	}
	return append(all, "{", "null", "[]", `"x"`, "\ufeff{}", "{}{}", strings.Repeat("[", 3000), "\xff")
}

// changedClaims are the claims of a genuine token with one member made better.
func changedClaims(claims []byte) (all []string) {
	text := string(claims)
	for _, more := range []string{
		`"roles":["admin"],`, `"scope":"admin",`, `"exp":99999999999,`, `"exp":1e400,`, `"exp":null,`, `"exp":"never",`, `"sub":"root",`,
		`"epoch":999999,`, `"epoch":-1,`, `"aud":["*"],`, `"iss":"http://127.0.0.1",`, `"sid":"AAAAAAAAAAAAAAAAAAAAAA",`, `"jti":"",`,
	} {
		all = append(all, "{"+more+strings.TrimPrefix(text, "{"))
	}
	return append(all, "{}", "null", "[]", text+"x", text[:len(text)-1], strings.Repeat("[", 3000), "\xff")
}

// shapes are a genuine token in other serialisations, and with other numbers of parts.
func shapes(parts []string) []string {
	h, p, s := parts[0], parts[1], parts[2]
	return []string{
		h + "." + p, h + "." + p + ".", "." + p + "." + s, h + ".." + s, h + "." + p + "." + s + "." + s, h + "." + p + "." + s + ".",
		h + "." + p + "." + s + "." + s + "." + s, h + "." + s + "." + p, p + "." + h + "." + s, strings.Repeat(h+".", 2) + p + "." + s,
		`{"payload":"` + p + `","protected":"` + h + `","signature":"` + s + `"}`,
		`{"payload":"` + p + `","signatures":[{"protected":"` + h + `","signature":"` + s + `"}]}`,
	}
}

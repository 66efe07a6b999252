package verify_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/authd/authd/verify"
	"github.com/authd/authd/verify/internal/fake"
)

// forger has everything that an attacker can have: the public keys, a good token, and keys of its own.
type forger struct {
	authd *fake.Authd
	good  string
	own   *fake.Key
}

// header is a good header with changes; nil removes a member.
func (f forger) header(changes fake.JSON) []byte {
	h := fake.JSON{"alg": "ES256", "kid": f.authd.Key().KID, "typ": "at+jwt"}
	for name, value := range changes {
		if h[name] = value; value == nil {
			delete(h, name)
		}
	}
	return encode(h)
}

func (f forger) payload() []byte { return encode(f.authd.Claims(nil)) }

// signed is signed by authd's own key: whatever is wrong with it is its form.
func (f forger) signed(header []byte) string { return f.authd.Key().SignRaw(header, f.payload()) }

// mac is signed by HMAC with a secret that everybody knows.
func (f forger) mac(secret []byte) string {
	signed := fake.Base64(f.header(fake.JSON{"alg": "HS256"})) + "." + fake.Base64(f.payload())
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(signed))
	return signed + "." + fake.Base64(h.Sum(nil))
}

// resign gives a good token another signature.
func (f forger) resign(signature []byte) string {
	return f.good[:strings.LastIndexByte(f.good, '.')+1] + fake.Base64(signature)
}

func (f forger) signature() []byte {
	return f.authd.Key().Signature([]byte(f.good[:strings.LastIndexByte(f.good, '.')]))
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func TestNoForgeryIsAccepted(t *testing.T) {
	t.Parallel()
	authd := fake.New()
	v := start(t, config(authd))
	f := forger{authd, authd.Token(nil), fake.NewKey("ES256")}
	mustAccept(t, v, f.good)
	mustAccept(t, v, f.signed(f.header(nil)))
	for what, raw := range f.forgeries() {
		claims, err := v.Token(t.Context(), raw)
		if !errors.Is(err, verify.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", what, err)
		}
		if claims.Subject() != "" {
			t.Errorf("%s: claims were read", what)
		}
	}
	mustAccept(t, v, f.good)
	// A5: nobody was asked but authd, and authd for nothing but an unknown kid, once (A7).
	if got := authd.Requests("/.well-known/jwks.json"); got > 2 {
		t.Errorf("forgeries made the verifier fetch the keys %d times", got-1)
	}
}

func (f forger) forgeries() map[string]string {
	forged := make(map[string]string)
	for _, more := range []map[string]string{f.algorithms(), f.headers(), f.forms(), f.texts(), f.signatures()} {
		for what, raw := range more {
			forged[what] = raw
		}
	}
	return forged
}

func (f forger) algorithms() map[string]string {
	public := f.authd.Key().Public().(*ecdsa.PublicKey)
	der, _ := x509.MarshalPKIXPublicKey(public)
	point, _ := public.Bytes()
	unsigned := func(alg string) string {
		return fake.Base64(f.header(fake.JSON{"alg": alg})) + "." + fake.Base64(f.payload()) + "."
	}
	rest := f.good[strings.IndexByte(f.good, '.'):]
	swap := func(alg string) string { return fake.Base64(f.header(fake.JSON{"alg": alg})) + rest }
	return map[string]string{
		"A1: none":                       unsigned("none"),
		"A1: None":                       unsigned("None"),
		"A1: nOnE":                       unsigned("nOnE"),
		"A1: NONE":                       unsigned("NONE"),
		"A1: none with a signature":      swap("none"),
		"A1: no signature":               f.good[:strings.LastIndexByte(f.good, '.')+1],
		"A1: a kid called none":          fake.Base64(f.header(fake.JSON{"alg": "none", "kid": "none"})) + rest,
		"A2: HMAC with the PEM":          f.mac(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"A2: HMAC with the DER":          f.mac(der),
		"A2: HMAC with the point":        f.mac(point),
		"A2: HMAC with the JWK":          f.mac(encode(f.authd.Key().JWK())),
		"A2: HMAC with nothing":          f.mac(nil),
		"A3: ES384":                      f.signed(f.header(fake.JSON{"alg": "ES384"})),
		"A3: EdDSA":                      f.signed(f.header(fake.JSON{"alg": "EdDSA"})),
		"A3: RS256":                      f.signed(f.header(fake.JSON{"alg": "RS256"})),
		"A3: es256":                      f.signed(f.header(fake.JSON{"alg": "es256"})),
		"A3: no alg":                     f.signed(f.header(fake.JSON{"alg": nil})),
		"A3: EdDSA by a key of that":     fake.NewKey("EdDSA").SignRaw(f.header(fake.JSON{"alg": "EdDSA"}), f.payload()),
		"another key under authd's kid":  f.own.SignRaw(f.header(nil), f.payload()),
		"another key under its own kid":  f.own.Sign("at+jwt", f.payload()),
		"a token with another's payload": swapPayload(f.good, encode(f.authd.Claims(fake.JSON{"sub": "admin"}))),
	}
}

func swapPayload(good string, payload []byte) string {
	parts := strings.Split(good, ".")
	return parts[0] + "." + fake.Base64(payload) + "." + parts[2]
}

func (f forger) headers() map[string]string {
	forged := map[string]string{
		"A4: a key of its own": f.own.SignRaw(f.header(fake.JSON{"jwk": f.own.JWK()}), f.payload()),
		"A4: even a good key":  f.signed(f.header(fake.JSON{"jwk": f.authd.Key().JWK()})),
		"A6: a long kid":       f.signed(f.header(fake.JSON{"kid": strings.Repeat("k", 10_000)})),
		"A6: no kid":           f.signed(f.header(fake.JSON{"kid": nil})),
		"A6: an empty kid":     f.signed(f.header(fake.JSON{"kid": ""})),
		"A6: a kid of 65":      f.signed(f.header(fake.JSON{"kid": strings.Repeat("k", 65)})),
		"A6: a kid of numbers": f.signed(f.header(fake.JSON{"kid": 7})),
		"A9: crit twice":       f.signed([]byte(`{"alg":"ES256","crit":["x"],"crit":["x"],"kid":"` + f.authd.Key().KID + `","typ":"at+jwt"}`)),
		"A17: no typ":          f.signed(f.header(fake.JSON{"typ": nil})),
		"A17: typ null":        f.signed([]byte(`{"alg":"ES256","kid":"` + f.authd.Key().KID + `","typ":null}`)),
		"A17: a page":          f.authd.SignPage(0, nil),
		"a member we lack":     f.signed(f.header(fake.JSON{"iat": 1})),
	}
	for _, name := range []string{"jku", "x5u"} {
		forged["A5: "+name] = f.own.SignRaw(f.header(fake.JSON{name: "http://127.0.0.1:1/keys"}), f.payload())
	}
	for _, name := range []string{"x5t", "x5t#S256"} {
		forged["A5: "+name] = f.signed(f.header(fake.JSON{name: "AAAA"}))
	}
	forged["A5: x5c"] = f.signed(f.header(fake.JSON{"x5c": []string{"AAAA"}}))
	for _, kid := range []string{"../../../dev/null", "/dev/null", "' OR 1=1 --", "a\x00b", "$(id)", "a b", "é"} {
		forged["A6: "+kid] = f.signed(f.header(fake.JSON{"kid": kid}))
	}
	for _, crit := range []any{[]string{"exp"}, []string{}, []string{"alg"}, []string{"x", "x"}, "x", nil, []string{"b64"}, []string{"missing"}, 1, []string{""}, []string{"typ", "kid"}} {
		text := `{"alg":"ES256","crit":` + string(encode(crit)) + `,"kid":"` + f.authd.Key().KID + `","typ":"at+jwt"}`
		forged["A9: crit "+string(encode(crit))] = f.signed([]byte(text))
	}
	for _, typ := range []string{"JWT", "jwt", "secevent+jwt", "at+JWT", "AT+JWT", "authd-revocations+jwt", "application/jwt", "", " at+jwt"} {
		forged["A17: typ "+typ] = f.signed(f.header(fake.JSON{"typ": typ}))
	}
	forged["A10: b64 false"] = f.signed(f.header(fake.JSON{"b64": false}))
	forged["A10: b64 false, and crit"] = f.signed(f.header(fake.JSON{"b64": false, "crit": []string{"b64"}}))
	forged["A12: zip"] = f.signed(f.header(fake.JSON{"zip": "DEF"}))
	forged["A12: cty"] = f.signed(f.header(fake.JSON{"cty": "JWT"}))
	forged["A12: p2c"] = f.signed(f.header(fake.JSON{"alg": "PBES2-HS256+A128KW", "p2c": 1_000_000_000, "p2s": "AAAA"}))
	forged["A12: encrypted"] = fake.Base64(f.header(fake.JSON{"alg": "dir", "enc": "A256GCM"})) + "..AAAA.AAAA.AAAA"
	forged["A12: nested"] = f.authd.Key().SignRaw(f.header(nil), []byte(f.good))
	return forged
}

func (f forger) forms() map[string]string {
	p := strings.Split(f.good, ".")
	flat := encode(fake.JSON{"protected": p[0], "payload": p[1], "signature": p[2]})
	general := encode(fake.JSON{"payload": p[1], "signatures": []fake.JSON{{"protected": p[0], "signature": p[2]}}})
	return map[string]string{
		"A11: flattened JSON":                    string(flat),
		"A11: general JSON":                      string(general),
		"A13: nothing":                           "",
		"A13: one segment":                       p[0],
		"A13: two segments":                      p[0] + "." + p[1],
		"A13: four segments":                     f.good + "." + p[2],
		"A13: five segments":                     f.good + "." + p[1] + "." + p[2],
		"A13: a dot more":                        f.good + ".",
		"A13: a dot before":                      "." + f.good,
		"A13: no header":                         "." + p[1] + "." + p[2],
		"A13: no payload":                        p[0] + ".." + p[2],
		"A13: a megabyte of dots":                strings.Repeat(".", 1<<20),
		"A13: too long":                          f.authd.Token(fake.JSON{"more": strings.Repeat("a", 8<<10)}),
		"A14: padding":                           f.good + "=",
		"A14: padded header":                     p[0] + "=." + p[1] + "." + p[2],
		"A14: a line's end":                      f.good + "\n",
		"A14: a line's end inside the signature": p[0] + "." + p[1] + "." + p[2][:8] + "\r\n" + p[2][8:],
		"A14: a line's end inside the payload":   p[0] + "." + p[1][:8] + "\n" + p[1][8:] + "." + p[2],
		"A14: a space before":                    " " + f.good,
		"A14: a space behind":                    f.good + " ",
		"A14: the other alphabet":                p[0] + "." + p[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace("-_"+p[2][2:]),
		"A14: loose bits":                        loosen(f.good),
		"A14: Bearer":                            "Bearer " + f.good,
		"A27: a refresh token":                   "art_" + strings.Repeat("A", 98),
	}
}

// loosen sets a bit in the last letter that stands for nothing: 64 bytes are 86 letters, of whose last
// four bits are unused.
func loosen(good string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, good[len(good)-1])
	return good[:len(good)-1] + string(alphabet[last|1])
}

// texts are signed by authd's own key, and a reader could take them for more than one thing.
func (f forger) texts() map[string]string {
	sign := func(payload string) string { return f.authd.Key().SignRaw(f.header(nil), []byte(payload)) }
	good := string(f.payload())
	open := good[:len(good)-1]
	kid := f.authd.Key().KID
	return map[string]string{
		"A15: alg twice":             f.signed([]byte(`{"alg":"none","alg":"ES256","kid":"` + kid + `","typ":"at+jwt"}`)),
		"A15: alg twice, escaped":    f.signed([]byte(`{"\u0061lg":"none","alg":"ES256","kid":"` + kid + `","typ":"at+jwt"}`)),
		"A15: ALG besides":           f.signed([]byte(`{"ALG":"none","alg":"ES256","kid":"` + kid + `","typ":"at+jwt"}`)),
		"A15: sub twice":             sign(open + `,"sub":"admin"}`),
		"A15: sub twice, escaped":    sign(open + `,"s\u0075b":"admin"}`),
		"A15: twice inside":          sign(open + `,"x":{"a":1,"a":2}}`),
		"A15: twice deep inside":     sign(open + `,"x":[{"y":[{"a":1,"b":3,"a":2}]}]}`),
		"A16: not UTF-8":             sign(open + ",\"x\":\"\xff\"}"),
		"A16: an overlong encoding":  sign(open + ",\"x\":\"\xc0\xaf\"}"),
		"A16: a surrogate in UTF-8":  sign(open + ",\"x\":\"\xed\xa0\x80\"}"),
		"A16: half a pair":           sign(open + `,"x":"\ud800"}`),
		"A16: the other half":        sign(open + `,"x":"\udc00\ud800"}`),
		"A16: a BOM":                 sign("\xef\xbb\xbf" + good),
		"A16: UTF-16":                sign(string(utf16le(good))),
		"A16: an array":              sign("[" + good + "]"),
		"A16: null":                  sign("null"),
		"A16: a string":              sign(`"` + "x" + `"`),
		"A16: two objects":           sign(good + good),
		"A16: trailing":              sign(good + "x"),
		"A16: a trailing zero":       sign(good + "\x00"),
		"A16: a comma too many":      sign(open + ",}"),
		"A16: cut off":               sign(open),
		"A16: a control character":   sign(open + ",\"x\":\"\n\"}"),
		"A16: too deep":              sign(open + `,"x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "}"),
		"A16: a header that goes on": f.signed(append(f.header(nil), '{', '}')),
		"A16: a header with a BOM":   f.signed(append([]byte("\xef\xbb\xbf"), f.header(nil)...)),
	}
}

func utf16le(text string) []byte {
	var b bytes.Buffer
	for _, c := range []byte(text) {
		b.Write([]byte{c, 0})
	}
	return b.Bytes()
}

// signatures are of the right key, or could have been; A24.
func (f forger) signatures() map[string]string {
	good, n := f.signature(), elliptic.P256().Params().N
	r, s := new(big.Int).SetBytes(good[:32]), new(big.Int).SetBytes(good[32:])
	der, _ := asn1.Marshal([]*big.Int{r, s})
	flipped := bytes.Clone(good)
	flipped[40] ^= 1
	forged := map[string]string{
		"A24: DER":           f.resign(der),
		"A24: 63 bytes":      f.resign(good[:63]),
		"A24: 65 bytes":      f.resign(append(bytes.Clone(good), 0)),
		"A24: a zero before": f.resign(append([]byte{0}, good...)),
		"A24: 66 bytes":      f.resign(append(append([]byte{0}, good[:32]...), append([]byte{0}, good[32:]...)...)),
		"A24: r alone":       f.resign(good[:32]),
		"A24: s and r":       f.resign(append(bytes.Clone(good[32:]), good[:32]...)),
		"A24: a flipped bit": f.resign(flipped),
		"A24: a long one":    f.resign(make([]byte, 4096)),
		"A24: r + n":         f.resign(append(new(big.Int).Add(r, n).Bytes(), good[32:]...)),
		"A24: all bits":      f.resign(bytes.Repeat([]byte{0xff}, 64)),
	}
	for _, low := range []struct {
		name string
		n    *big.Int
	}{{"0", new(big.Int)}, {"1", big.NewInt(1)}, {"n-1", new(big.Int).Sub(n, big.NewInt(1))}, {"n", n}} {
		var b [32]byte
		low.n.FillBytes(b[:])
		forged["A24: r="+low.name] = f.resign(append(bytes.Clone(b[:]), good[32:]...))
		forged["A24: s="+low.name] = f.resign(append(bytes.Clone(good[:32]), b[:]...))
		forged["A24: both "+low.name] = f.resign(append(bytes.Clone(b[:]), b[:]...))
	}
	return forged
}

package conformance

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/authd/authd/verify/internal/jws"
)

// signatures are raw signatures under one key.
type signatures struct {
	Type         string
	PublicKeyDER string `json:"publicKeyDer"`
	Tests        []struct {
		ID       int `json:"tcId"`
		Comment  string
		Msg, Sig string
		Result   string
	}
}

// A24: signatures as such, in the form that a JWS has them.
func TestWycheproofsRawSignaturesAreJudgedAsItSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file string
		want int
	}{
		{"ecdsa_secp256r1_sha256_p1363_test.json", 262},
		{"ed25519_test.json", 151},
		{"rsa_signature_2048_sha256_test.json", 259},
		{"rsa_signature_3072_sha256_test.json", 259},
		{"rsa_signature_4096_sha256_test.json", 258},
		{"rsa_signature_8192_sha256_test.json", 258}, // longer than we take: the key is refused
	} {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			checkSignatures(t, c.file, c.want)
		})
	}
}

func checkSignatures(t *testing.T, file string, want int) {
	t.Helper()
	var vectors struct {
		TestGroups []signatures
	}
	load(t, file, &vectors)
	var n counts
	for _, g := range vectors.TestGroups {
		key := g.key(t)
		for _, c := range g.Tests {
			good := key != nil && key.Verify(unhex(t, c.Msg), unhex(t, c.Sig))
			switch {
			case good && c.Result == "valid":
				n.accepted++
			case good:
				t.Errorf("%d, %s (%s): it was accepted", c.ID, c.Comment, c.Result)
			case c.Result != "valid": // acceptable means that a strict reader refuses it
				n.refused++
			case key == nil:
				n.foreign++
			default:
				t.Errorf("%d, %s: it was refused", c.ID, c.Comment)
			}
		}
	}
	n.log(t, file, want)
}

// key is the group's key as our reader of key sets has it, or nil if that refuses it.
func (g *signatures) key(t *testing.T) *jws.Key {
	t.Helper()
	public, err := x509.ParsePKIXPublicKey(unhex(t, g.PublicKeyDER))
	if err != nil {
		t.Fatal(err)
	}
	members, unusual := map[string]string{"kid": "x", "use": "sig"}, false
	switch public := public.(type) {
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		members["kty"], members["crv"], members["x"], members["y"] = "EC", "P-256", base64url(point[1:33]), base64url(point[33:])
	case ed25519.PublicKey:
		members["kty"], members["crv"], members["x"] = "OKP", "Ed25519", base64url(public)
	case *rsa.PublicKey:
		members["kty"], members["n"], members["e"] = "RSA", base64url(public.N.Bytes()), base64url(big.NewInt(int64(public.E)).Bytes())
		unusual = public.N.BitLen() > 4096 || public.E < 65537
	default:
		t.Fatalf("a key of type %T", public)
	}
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	key, _, err := jws.ParseKey(text)
	if refused := err != nil; refused != unusual {
		t.Errorf("the key %s: %v", text, err)
	}
	return key
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

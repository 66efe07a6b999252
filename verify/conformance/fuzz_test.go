package conformance

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwk"

	"github.com/authd/authd/verify"
	"github.com/authd/authd/verify/internal/fake"
	ours "github.com/authd/authd/verify/internal/jws"
)

// FuzzTexts looks for a text that ours opens and jwx does not, or to something else.
func FuzzTexts(f *testing.F) {
	vectors := loadTokens(f)
	for _, c := range vectors.Tokens {
		f.Add([]byte(c.Token))
	}
	f.Add([]byte(vectors.Conditions.Page))
	p := newPeers(f, vectors)
	f.Fuzz(func(t *testing.T, text []byte) {
		payload, opened := p.open(text)
		if !opened {
			return
		}
		if err := p.sameMessage(text, payload); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func (p *peers) open(text []byte) (payload []byte, opened bool) {
	m, err := ours.Parse(text, 8192)
	if err != nil {
		return nil, false
	}
	for _, k := range p.ours {
		if k.ID() == m.KeyID {
			payload, err := m.Open(k, nil)
			return payload, err == nil
		}
	}
	return nil, false
}

// unknownClaims are claims that a verifier passes over and that others may stumble on.
var unknownClaims = []string{
	`"x":1e400`, `"x":-1e400`, `"x":1e-400`, `"x":123456789012345678901234567890`, `"x":[[[[[[[[[[[[[[]]]]]]]]]]]]]]`,
	`"x":"\u0000"`, `"":0`, `"x":"\ud83d\ude00"`, `"cnf":{"jwk":{}}`, `"email":5`, `"birthdate":"x"`, `"nbf":0`,
}

// FuzzSigned signs whatever stands in header and payload, so that no signature stands between the fuzzer
// and the parsers. What our verifier lets in, jwx and golang-jwt must let in as the same subject.
func FuzzSigned(f *testing.F) {
	vectors := loadTokens(f)
	for _, c := range vectors.Tokens {
		header, payload, ok := parts(c.Token)
		for key := range uint8(3) {
			if ok && (key == 0 || c.Outcome == "valid") {
				f.Add(header, payload, key)
			}
		}
	}
	header, payload, _ := parts(vectors.Tokens[0].Token)
	for _, claim := range unknownClaims {
		f.Add(header, bytes.Replace(payload, []byte("{"), []byte("{"+claim+","), 1), uint8(0))
	}
	p, signers := newPeers(f, vectors), vectorSigners(f)
	f.Fuzz(func(t *testing.T, header, payload []byte, key uint8) {
		text := sign(signers[int(key)%len(signers)], header, payload)
		opened, ok := p.open([]byte(text))
		if !ok {
			return // the verifier takes the same steps first
		}
		if err := p.sameMessage([]byte(text), opened); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		who, ok := p.verified(t, vectors.Conditions.Page, text)
		if !ok {
			return
		}
		for name, read := range map[string]func(string) (identity, error){"jwx": p.jwxIdentity, "golang-jwt": p.golangIdentity} {
			theirs, err := read(text)
			if err != nil {
				t.Errorf("%s refuses %s: %v", name, payload, err)
			} else if theirs != who {
				t.Errorf("%s reads %v from %s, and ours %v", name, theirs, payload, who)
			}
		}
	})
}

// verified says whom our verifier lets in with a text, at the time of the vectors.
func (p *peers) verified(t *testing.T, page, text string) (who identity, ok bool) {
	keys := vectorFile(t, "keys.json")
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(p.now))
		authd := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/.well-known/jwks.json":
				_, _ = w.Write(keys)
			case r.URL.Query().Has("cursor"):
				<-r.Context().Done()
			default:
				_, _ = w.Write([]byte(page))
			}
		})
		v, err := verify.New(verify.Config{Issuer: p.issuer, Audience: p.audience, Leeway: p.leeway, HTTPClient: fake.Client(authd)})
		if err != nil {
			t.Fatal(err)
		}
		go v.Run(t.Context())
		synctest.Wait()
		claims, err := v.Token(t.Context(), text)
		who, ok = identity{claims.Subject(), claims.TokenID(), claims.SessionID()}, err == nil
	})
	return who, ok
}

// FuzzKeySets looks for a key that ours takes from a set and jwx does not, or reads as another.
func FuzzKeySets(f *testing.F) {
	var vectors struct {
		KeySets []struct{ Set string } `json:"key_sets"`
	}
	if err := json.Unmarshal(vectorFile(f, "keysets.json"), &vectors); err != nil {
		f.Fatal(err)
	}
	f.Add(vectorFile(f, "keys.json"))
	for _, c := range vectors.KeySets {
		f.Add([]byte(c.Set))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, _, err := ours.ParseSet(body)
		if err != nil || len(keys) == 0 {
			return
		}
		set, err := jwk.Parse(body, jwk.WithIgnoreParseError(true))
		if err != nil {
			t.Fatalf("jwx refuses %q: %v", body, err)
		}
		for _, key := range keys {
			if err := samePublic(set, key); err != nil {
				t.Errorf("%q: key %q: %v", body, key.ID(), err)
			}
		}
	})
}

// parts returns what stands in the first two segments of a token.
func parts(token string) (header, payload []byte, ok bool) {
	segments := strings.Split(token, ".")
	if len(segments) != 3 || len(token) > 2048 {
		return nil, nil, false
	}
	header, err := base64.RawURLEncoding.DecodeString(segments[0])
	if err != nil {
		return nil, nil, false
	}
	payload, err = base64.RawURLEncoding.DecodeString(segments[1])
	return header, payload, err == nil
}

// vectorSigners are the private halves of the first three keys of the vectors: ES256, EdDSA, RS256.
func vectorSigners(t testing.TB) (signers []crypto.Signer) {
	t.Helper()
	set, err := jwk.Parse(vectorFile(t, "private.json"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		key, _ := set.Key(i)
		var raw any
		if err := jwk.Export(key, &raw); err != nil {
			t.Fatal(err)
		}
		signers = append(signers, raw.(crypto.Signer))
	}
	return signers
}

func sign(key crypto.Signer, header, payload []byte) string {
	signed := base64url(header) + "." + base64url(payload)
	digest := sha256.Sum256([]byte(signed))
	var signature []byte
	switch key := key.(type) {
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(nil, key, digest[:])
		if err != nil {
			panic(err)
		}
		signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	case ed25519.PrivateKey:
		signature = ed25519.Sign(key, []byte(signed))
	case *rsa.PrivateKey:
		var err error
		if signature, err = rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]); err != nil {
			panic(err)
		}
	}
	return signed + "." + base64url(signature)
}

func vectorFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

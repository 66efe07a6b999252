package tokens

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwk"

	"github.com/authd/authd/internal/revocation"
)

// vectors are the tokens that verifiers are held to as well. testdata/vectors/README.md says what the
// members are.
type vectors struct {
	Conditions struct {
		Issuer, Audience string
		Time             int64
		Entries          [][]any
	}
	Tokens []vectorToken
}

type vectorToken struct {
	Name, Outcome, Token string
	Minted               bool
}

func loadVectors(t testing.TB, name string, into any) (text []byte) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return text
}

// vectorRing is a keyring of the keys of the vectors, one of each algorithm. The one that is killed is in
// it, so that nothing but its kill can end what it signed.
func vectorRing(t testing.TB) *Keyring {
	t.Helper()
	var set struct {
		Keys []struct{ Name, KID, Alg string }
	}
	text := loadVectors(t, "private.json", &set)
	private, err := jwk.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	r := &ring{byHeader: make(map[string]*signingKey)}
	for slot, k := range set.Keys {
		if k.Name == "stranger" {
			continue
		}
		row := PublishedKey{KID: k.KID, Slot: int64(slot), Alg: k.Alg}
		if k.Name == "es256" {
			row.SignsFrom = noon
		}
		key, err := openKey(row, pkcs8(t, private, slot))
		if err != nil {
			t.Fatalf("%s: %v", k.Name, err)
		}
		r.keys = append(r.keys, key)
		r.byHeader[key.header] = key
	}
	if err := r.publish(); err != nil {
		t.Fatal(err)
	}
	ring := &Keyring{random: rand.Reader}
	ring.ring.Store(r)
	return ring
}

// pkcs8 is a private key of a set as it would be stored.
func pkcs8(t testing.TB, set jwk.Set, n int) []byte {
	t.Helper()
	key, _ := set.Key(n)
	var private any
	if err := jwk.Export(key, &private); err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// kills are those of the feed of the vectors.
func (v *vectors) kills(t *testing.T) (kills []revocation.Kill) {
	t.Helper()
	for _, e := range v.Conditions.Entries {
		subject, err := base64.RawURLEncoding.DecodeString(e[1].(string))
		if err != nil {
			t.Fatal(err)
		}
		kill := revocation.Kill{Key: revocation.Key{Kind: revocation.Kind(e[0].(string)), Subject: revocation.Subject(subject)}}
		if len(e) > 3 {
			kill.Value = int64(e[3].(float64))
		}
		kills = append(kills, kill)
	}
	return kills
}

// A1 to A22, A24, C2, C5, C6 and D5: authd is stricter with tokens than verifiers must be. It takes
// those of its own hand, and of the others none that is not good.
func TestNoBadTokenOfTheVectorsIsTaken(t *testing.T) {
	t.Parallel()
	var v vectors
	loadVectors(t, "tokens.json", &v)
	live := follows(t, time.Unix(v.Conditions.Time, 0), v.kills(t)...)
	s := &Sessions{live: live, keyring: vectorRing(t), issuer: v.Conditions.Issuer, audience: audience{v.Conditions.Audience}}
	taken, refused := 0, 0
	for _, c := range v.Tokens {
		_, err := s.Authenticate(t.Context(), c.Token)
		switch {
		case err == nil && c.Outcome != "valid":
			t.Errorf("%s: it was taken, want %s", c.Name, c.Outcome)
		case errors.Is(err, ErrNoSession) && c.Outcome == "valid": // a machine's is good, and opens no session
			taken++
		case err != nil && c.Minted:
			t.Errorf("%s: got %v, want it taken", c.Name, err)
		case err != nil && !errors.Is(err, ErrTokenInvalid) && !errors.Is(err, ErrNoSession): // of machines' tokens it says no more
			t.Errorf("%s: got %v", c.Name, err)
		case err == nil:
			taken++
		default:
			refused++
		}
	}
	t.Logf("%d tokens: %d taken, %d refused", len(v.Tokens), taken, refused)
}

// What is good in the vectors as authd writes it must be what authd writes, to the byte, signature included:
// none is made with randomness (RFC 6979, RFC 8032).
func TestTokensAreWrittenAsInTheVectors(t *testing.T) {
	t.Parallel()
	var v vectors
	loadVectors(t, "tokens.json", &v)
	k, written := vectorRing(t), make(map[Alg]int)
	for _, c := range v.Tokens {
		if !c.Minted {
			continue
		}
		token, ok := k.openAccess(c.Token)
		if !ok {
			t.Errorf("%s: it does not open", c.Name)
			continue
		}
		header, _, _ := strings.Cut(c.Token, ".")
		key := k.ring.Load().byHeader[header]
		got, err := key.sign(token.claims)
		if err != nil {
			t.Fatal(err)
		}
		if got != c.Token {
			t.Errorf("%s: got\n%s, want\n%s", c.Name, got, c.Token)
		}
		written[algOf(t, c.Token)]++
	}
	if written[ES256] < 3 || written[EdDSA] < 1 || written[RS256] < 1 {
		t.Errorf("too few tokens were compared: %v", written)
	}
}

// algOf reads the algorithm out of a token's header.
func algOf(t testing.TB, token string) Alg {
	t.Helper()
	header, _, _ := strings.Cut(token, ".")
	text, err := decodeSegment(header)
	if err != nil {
		t.Fatal(err)
	}
	var read struct{ Alg Alg }
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	return read.Alg
}

package tokens

import (
	"crypto/ecdsa"
	"crypto/elliptic"
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

func loadVectors(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// vectorRing is a keyring of the keys of the vectors, as far as this build has their algorithm. The one
// that is killed is in it, so that nothing but its kill can end what it signed.
func vectorRing(t *testing.T) *Keyring {
	t.Helper()
	var set struct {
		Keys []struct{ Name, Kty, D, KID string }
	}
	loadVectors(t, "private.json", &set)
	r := &ring{byHeader: make(map[string]*signingKey)}
	for slot, k := range set.Keys {
		if k.Kty != "EC" || k.Name == "stranger" {
			continue
		}
		d, err := base64.RawURLEncoding.DecodeString(k.D)
		if err != nil {
			t.Fatal(err)
		}
		private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d)
		if err != nil {
			t.Fatal(err)
		}
		secret, err := x509.MarshalPKCS8PrivateKey(private)
		if err != nil {
			t.Fatal(err)
		}
		row := PublishedKey{KID: k.KID, Slot: int64(slot), Alg: string(ES256)}
		if k.Name == "es256" {
			row.SignsFrom = noon
		}
		key, err := openKey(row, secret)
		if err != nil {
			t.Fatalf("%s: %v", k.Name, err)
		}
		r.keys = append(r.keys, key)
		r.byHeader[key.header] = key
	}
	ring := &Keyring{random: rand.Reader}
	ring.ring.Store(r)
	return ring
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
		case err != nil && c.Minted && c.ours():
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

// What is good in the vectors as authd writes it must be what authd writes: the same bytes up to the
// signature, which is another each time.
func TestTokensAreWrittenAsInTheVectors(t *testing.T) {
	t.Parallel()
	var v vectors
	loadVectors(t, "tokens.json", &v)
	k, written := vectorRing(t), 0
	for _, c := range v.Tokens {
		if !c.Minted || !c.ours() {
			continue
		}
		token, ok := k.openAccess(c.Token)
		if !ok {
			t.Errorf("%s: it does not open", c.Name)
			continue
		}
		got, want := mustSign(t, k, token.claims), c.Token
		if got, want = got[:strings.LastIndex(got, ".")], want[:strings.LastIndex(want, ".")]; got != want {
			t.Errorf("%s: got\n%s, want\n%s", c.Name, got, want)
		}
		written++
	}
	if written < 3 {
		t.Errorf("only %d tokens were compared", written)
	}
}

// ours reports whether this build signs by the token's algorithm.
func (c vectorToken) ours() bool {
	header, _, _ := strings.Cut(c.Token, ".")
	text, _ := base64.RawURLEncoding.DecodeString(header)
	return strings.Contains(string(text), `"`+string(ES256)+`"`)
}

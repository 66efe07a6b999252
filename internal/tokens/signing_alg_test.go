package tokens

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
)

// keysOfAll are those of the vectors: one of each algorithm in one keyring, as after the setting was
// changed twice.
func keysOfAll(t testing.TB) (k *Keyring, keys map[Alg]*signingKey) {
	t.Helper()
	k, keys = vectorRing(t), make(map[Alg]*signingKey)
	for _, key := range k.ring.Load().keys {
		alg := algOf(t, key.header+".")
		if _, second := keys[alg]; !second { // the second key of ES256 is the one that is killed
			keys[alg] = key
		}
	}
	return k, keys
}

func signedBy(t testing.TB, key *signingKey) string {
	t.Helper()
	token, err := key.sign(usual())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestAKeyOfEveryAlgorithmIsMadeStoredAndOpenedAgain(t *testing.T) {
	t.Parallel()
	for _, alg := range Algs() {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			row, secret, err := generateKey(alg, 7, noon, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			if want := (PublishedKey{KID: row.KID, Slot: 7, Alg: string(alg), PublicJWK: row.PublicJWK, CreatedAt: noon}); row != want {
				t.Errorf("got %+v, want %+v", row, want)
			}
			key, err := openKey(row, secret)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(key.jwk); got != row.PublicJWK {
				t.Errorf("it publishes %s, and the row has %s", got, row.PublicJWK)
			}
			r := &ring{keys: []*signingKey{key}, byHeader: map[string]*signingKey{key.header: key}}
			k := &Keyring{random: rand.Reader}
			k.ring.Store(r)
			if _, ok := k.openAccess(signedBy(t, key)); !ok {
				t.Error("its tokens do not open")
			}
		})
	}
}

func TestAnotherImplementationVerifiesOurTokensWithThePublishedSet(t *testing.T) {
	t.Parallel()
	k, keys := keysOfAll(t)
	body, _ := k.JWKS()
	set, err := jwk.Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := set.Len(), len(Algs())+1; got != want {
		t.Errorf("got %d keys, want %d", got, want)
	}
	for _, alg := range Algs() {
		payload, err := jws.Verify([]byte(signedBy(t, keys[alg])), jws.WithKeySet(set))
		if err != nil {
			t.Errorf("%s: %v", alg, err)
			continue
		}
		var got claims
		if err := json.Unmarshal(payload, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(usual(), got); diff != "" {
			t.Errorf("%s: claims (-want +got):\n%s", alg, diff)
		}
	}
}

// What is published is read as RFC 7518 says, by nothing but the standard library.
func TestThePublishedMembersAreThePublicKey(t *testing.T) {
	t.Parallel()
	k, keys := keysOfAll(t)
	for _, key := range published(t, k) {
		if key["kid"] != keys[Alg(key["alg"])].kid {
			continue // the second of ES256
		}
		token := signedBy(t, keys[Alg(key["alg"])])
		cut := strings.LastIndex(token, ".")
		signature := mustDecode(t, token[cut+1:])
		digest := sha256.Sum256([]byte(token[:cut]))
		var good bool
		switch Alg(key["alg"]) {
		case ES256:
			public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, mustDecode(t, key["x"])...), mustDecode(t, key["y"])...))
			if err != nil {
				t.Fatal(err)
			}
			good = ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
		case EdDSA:
			good = ed25519.Verify(mustDecode(t, key["x"]), []byte(token[:cut]), signature)
		case RS256:
			public := rsa.PublicKey{N: new(big.Int).SetBytes(mustDecode(t, key["n"])), E: int(new(big.Int).SetBytes(mustDecode(t, key["e"])).Int64())}
			good = rsa.VerifyPKCS1v15(&public, crypto.SHA256, digest[:], signature) == nil
		}
		if !good {
			t.Errorf("%s: the signature is not good", key["alg"])
		}
	}
}

func TestPublishedKeysShowOnlyPublicMembers(t *testing.T) { // D10
	t.Parallel()
	k, _ := keysOfAll(t)
	members := map[Alg]string{ES256: "alg crv kid kty use x y", EdDSA: "alg crv kid kty use x", RS256: "alg e kid kty n use"}
	seen := make(map[Alg]bool)
	for _, key := range published(t, k) {
		alg := Alg(key["alg"])
		seen[alg] = true
		for member := range key {
			if !strings.Contains(" "+members[alg]+" ", " "+member+" ") {
				t.Errorf("%s: member %q is published", alg, member)
			}
		}
		if got, want := len(key), len(strings.Fields(members[alg])); got != want || key["use"] != "sig" || len(key["kid"]) != 43 {
			t.Errorf("%s: got %v, want %d members", alg, key, want)
		}
	}
	if len(seen) != len(Algs()) {
		t.Errorf("got keys of %v", seen)
	}
	if _, etag := k.JWKS(); !strings.HasPrefix(etag, `"`) || !strings.HasSuffix(etag, `"`) {
		t.Errorf("got etag %s, want a strong one", etag)
	}
}

// A3: with keys of several algorithms in one keyring, a header that names one of them lends nothing
// to what another has signed.
func TestNoKeyVouchesForWhatAnotherSigned(t *testing.T) {
	t.Parallel()
	k, keys := keysOfAll(t)
	for _, alg := range Algs() {
		good := signedBy(t, keys[alg])
		if _, ok := k.openAccess(good); !ok {
			t.Errorf("%s: a good token does not open", alg)
		}
		for _, other := range Algs() {
			if other == alg {
				continue
			}
			forged := *keys[other]
			forged.header = keys[alg].header
			if _, ok := k.openAccess(signedBy(t, &forged)); ok {
				t.Errorf("under the header of %s, what %s signed opens", alg, other)
			}
			forged = *keys[alg]
			forged.header = headerOf(other, forged.kid, "at+jwt")
			if _, ok := k.openAccess(signedBy(t, &forged)); ok {
				t.Errorf("a token of the key of %s which says %s opens", alg, other)
			}
		}
	}
}

// A24: of every algorithm, one bit that is not ours is enough.
func TestAChangedByteOpensNothingWhateverTheAlgorithm(t *testing.T) {
	t.Parallel()
	k, keys := keysOfAll(t)
	for _, alg := range Algs() {
		good := signedBy(t, keys[alg])
		for i := range good {
			changed := []byte(good)
			if changed[i] ^= 1; changed[i] == '.' || good[i] == '.' {
				changed[i] = 'A'
			}
			if _, ok := k.openAccess(string(changed)); ok {
				t.Errorf("%s: byte %d changed, and it opens", alg, i)
			}
		}
		for _, other := range []string{good + "A", good + "AA", good + "AAAA", good[:len(good)-1], good[:len(good)-4]} {
			if _, ok := k.openAccess(other); ok {
				t.Errorf("%s: with a signature of another length it opens", alg)
			}
		}
	}
}

// A row that was tampered with must not make us sign with a key that authd would not have made.
func TestAKeyThatIsNotAsWeMakeThemIsRefused(t *testing.T) {
	t.Parallel()
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsa2048, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, keys := keysOfAll(t)
	others := map[string]any{"P-384": p384, "RSA of 2048 bits": rsa2048, "X25519": x25519}
	for _, alg := range Algs() {
		others[string(alg)] = keys[alg].pair.private()
	}
	for what, private := range others {
		for _, alg := range append(Algs(), "none", "HS256", "ES384", "PS256", "Ed25519", "es256", "") {
			_, err := openKey(PublishedKey{KID: kidOf(t, private), Alg: string(alg)}, stored(t, private))
			if refused := err != nil; refused == (what == string(alg)) {
				t.Errorf("%s as a key of %q: got %v", what, alg, err)
			}
		}
	}
	if _, err := openKey(PublishedKey{KID: keys[ES256].kid, Alg: "ES256"}, []byte("not PKCS #8")); err == nil {
		t.Error("what is no key opened")
	}
}

func TestAKeyringIsNotOpenedForAnUnknownAlgorithm(t *testing.T) {
	t.Parallel()
	for _, alg := range []Alg{"HS256", "none", "es256", "RS512"} {
		// There is no store to be asked: the fault is found before.
		if _, err := OpenKeyring(t.Context(), KeyringConfig{Alg: alg}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", string(alg))) {
			t.Errorf("%q: got %v", alg, err)
		}
	}
}

func published(t testing.TB, k *Keyring) []map[string]string {
	t.Helper()
	body, _ := k.JWKS()
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(body, &set); err != nil {
		t.Fatal(err)
	}
	return set.Keys
}

func mustDecode(t testing.TB, text string) []byte {
	t.Helper()
	b, err := decodeSegment(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func stored(t testing.TB, private any) []byte {
	t.Helper()
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// kidOf is the thumbprint of a key of any kind, so that nothing but the kind can be why it is refused.
func kidOf(t testing.TB, private any) string {
	t.Helper()
	key, err := jwk.Import(private)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

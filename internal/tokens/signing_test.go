package tokens

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/authd/authd/internal/auth"
)

// testRing is a keyring of two keys that has seen no store.
func testRing(t testing.TB) *Keyring {
	t.Helper()
	r := &ring{byHeader: make(map[string]*signingKey)}
	for slot := int64(1); slot <= 2; slot++ {
		row, secret, err := generateKey(ES256, slot, noon, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if slot == 1 {
			row.SignsFrom = noon
		}
		key, err := openKey(row, secret)
		if err != nil {
			t.Fatal(err)
		}
		r.keys = append(r.keys, key)
		r.byHeader[key.header] = key
	}
	if err := r.publish(); err != nil {
		t.Fatal(err)
	}
	k := &Keyring{random: rand.Reader}
	k.ring.Store(r)
	return k
}

// usual are the claims of a token with the defaults.
func usual() claims {
	return claims{
		Issuer: "http://127.0.0.1:8080", Subject: auth.UserID{1}.String(), Audience: audience{"http://127.0.0.1:8080"},
		Expiry: noon.Add(5 * time.Minute).Unix(), IssuedAt: noon.Unix(), ID: auth.TokenID{2}.String(), Client: ownClient,
		Session: auth.SessionID{3}.String(), AuthTime: noon.Unix(), Epoch: 1,
	}
}

func mustSign(t testing.TB, k *Keyring, c claims) string {
	t.Helper()
	token, err := k.sign(noon, c)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestAnAccessTokenWithTheDefaultsHasAtMost560Bytes(t *testing.T) {
	t.Parallel()
	if n := len(mustSign(t, testRing(t), usual())); n > 560 {
		t.Errorf("got %d bytes", n)
	}
}

func TestTheKeyThatBeganToSignLastSigns(t *testing.T) {
	t.Parallel()
	k := testRing(t)
	first, second := k.ring.Load().keys[0], k.ring.Load().keys[1]
	second.signsFrom = noon.Add(time.Hour)
	for _, test := range []struct {
		at   time.Duration
		want *signingKey
	}{{-time.Second, nil}, {0, first}, {time.Hour - 1, first}, {time.Hour, second}, {48 * time.Hour, second}} {
		if got := k.ring.Load().active(noon.Add(test.at)); got != test.want {
			t.Errorf("%v after noon: got %v, want %v", test.at, got, test.want)
		}
	}
}

// A1 to A17, as far as they concern form: only what we write is read.
func TestOnlyTokensThatWeWroteOpen(t *testing.T) {
	t.Parallel()
	k := testRing(t)
	good := mustSign(t, k, usual())
	if token, ok := k.openAccess(good); !ok || token.session != (auth.SessionID{3}) || token.user != (auth.UserID{1}) {
		t.Fatalf("a good token did not open: %+v", token)
	}
	key := k.ring.Load().keys[0]
	segments := strings.Split(good, ".")
	// Signed by our own key, so that nothing but the header can be why it does not open.
	headed := func(format string) string {
		other := *key
		other.header = base64.RawURLEncoding.EncodeToString([]byte(strings.ReplaceAll(format, "KID", key.kid)))
		token, err := other.sign(usual())
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	if _, ok := k.openAccess(headed(`{"alg":"ES256","kid":"KID","typ":"at+jwt"}`)); !ok {
		t.Error("our own header, signed anew, did not open")
	}
	long := usual()
	long.Roles = []string{strings.Repeat("r", maxAccess)}
	bad := map[string]string{
		"alg none (A1)":                     headed(`{"alg":"none","kid":"KID","typ":"at+jwt"}`),
		"alg HS256 (A2)":                    headed(`{"alg":"HS256","kid":"KID","typ":"at+jwt"}`),
		"alg ES384 (A3)":                    headed(`{"alg":"ES384","kid":"KID","typ":"at+jwt"}`),
		"an embedded key (A4)":              headed(`{"alg":"ES256","kid":"KID","typ":"at+jwt","jwk":{}}`),
		"a jku (A5)":                        headed(`{"alg":"ES256","jku":"http://127.0.0.1","kid":"KID","typ":"at+jwt"}`),
		"a kid that is a path (A6)":         headed(`{"alg":"ES256","kid":"../../KID","typ":"at+jwt"}`),
		"crit (A9)":                         headed(`{"alg":"ES256","crit":["exp"],"kid":"KID","typ":"at+jwt"}`),
		"a repeated member (A15)":           headed(`{"alg":"ES256","alg":"ES256","kid":"KID","typ":"at+jwt"}`),
		"another order of members":          headed(`{"kid":"KID","alg":"ES256","typ":"at+jwt"}`),
		"typ JWT (A17)":                     headed(`{"alg":"ES256","kid":"KID","typ":"JWT"}`),
		"an empty signature (A1)":           segments[0] + "." + segments[1] + ".",
		"two segments (A13)":                segments[0] + "." + segments[1],
		"four segments (A13)":               good + ".",
		"five segments (A13)":               good + "..",
		"a megabyte of dots (A13)":          strings.Repeat(".", 1<<20),
		"more than 8 KiB (A13)":             mustSign(t, k, long),
		"padding (A14)":                     good + "=",
		"a line break (A14)":                good[:len(good)-1] + "\n" + good[len(good)-1:],
		"a line break in the payload (A14)": segments[0] + "." + segments[1][:4] + "\n" + segments[1][4:] + "." + segments[2],
		"nothing":                           "",
		"a refresh token (A27)":             text(testToken()),
	}
	for i := range good {
		changed := []byte(good)
		if changed[i] ^= 1; changed[i] == '.' || good[i] == '.' {
			changed[i] = 'A'
		}
		bad[fmt.Sprintf("byte %d changed", i)] = string(changed)
	}
	for what, token := range bad {
		if _, ok := k.openAccess(token); ok {
			t.Errorf("a token with %s opened", what)
		}
	}
}

func TestATokenOfAKeyThatWeDoNotHaveDoesNotOpen(t *testing.T) {
	t.Parallel()
	if _, ok := testRing(t).openAccess(mustSign(t, testRing(t), usual())); ok {
		t.Error("it opened")
	}
}

// A published half that does not belong to the private one would let who writes to the database sign.
func TestHalvesOfTwoKeysAreNotJoined(t *testing.T) {
	t.Parallel()
	row, _, err := generateKey(ES256, 1, noon, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := generateKey(ES256, 1, noon, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openKey(row, secret); err == nil {
		t.Error("they were joined")
	}
}

func TestSeveralAudiencesAreAList(t *testing.T) {
	t.Parallel()
	k, c := testRing(t), usual()
	c.Audience = audience{"orders", "stock"}
	token, ok := k.openAccess(mustSign(t, k, c))
	if !ok || len(token.Audience) != 2 {
		t.Errorf("got %v, %t", token.Audience, ok)
	}
}

func BenchmarkMintAccessToken(b *testing.B) {
	k := testRing(b)
	b.ReportAllocs()
	for b.Loop() {
		mustSign(b, k, usual())
	}
	b.ReportMetric(float64(len(mustSign(b, k, usual()))), "bytes/token")
}

func BenchmarkOpenAccessToken(b *testing.B) {
	k := testRing(b)
	token := mustSign(b, k, usual())
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := k.openAccess(token); !ok {
			b.Fatal("did not open")
		}
	}
}

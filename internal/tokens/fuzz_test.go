package tokens

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// FuzzGenuineRefresh makes genuine tokens of any content, which no fuzzer finds by itself: each is read as
// what it was made of, and with one character changed, left out or put in it is nothing.
func FuzzGenuineRefresh(f *testing.F) {
	f.Add([]byte("0123456789abcdef"), uint32(7), []byte("secret"), uint8(9), byte('A'))
	f.Add([]byte{}, uint32(0), []byte{}, uint8(0), byte('='))
	f.Add(bytes.Repeat([]byte{0xff}, 16), uint32(1<<32-1), bytes.Repeat([]byte{0xff}, 32), uint8(95), byte('\n'))
	keys, _ := testKeys(1)
	f.Fuzz(func(t *testing.T, session []byte, generation uint32, secret []byte, at uint8, letter byte) {
		want := refreshToken{version: 1, generation: generation}
		copy(want.session[:], session)
		copy(want.secret[:], secret)
		text := want.text(keys)
		if got, found := parseRefresh(text, testKeys); found != genuine || got != want {
			t.Fatalf("%q: read as %+v, %v, want %+v", text, got, found, want)
		}
		place := int(at) % len(text)
		for what, spoilt := range map[string]string{
			"changed":  text[:place] + string(letter) + text[place+1:],
			"put in":   text[:place] + string(letter) + text[place:],
			"left out": text[:place] + text[place+1:],
		} {
			if _, found := parseRefresh(spoilt, testKeys); found == genuine && spoilt != text {
				t.Errorf("%q is genuine, with %q %s at %d", spoilt, letter, what, place)
			}
		}
	})
}

// FuzzAccessText: a token of ours is good as it was written, and in no other text of the same bytes or of
// others that nobody signed.
func FuzzAccessText(f *testing.F) {
	ring := testRing(f)
	good := mustSign(f, ring, usual())
	header, payload, _ := strings.Cut(good, ".")
	f.Add(good)
	f.Add(good + ".")
	f.Add(good + "=")
	f.Add("." + payload)
	f.Add(header + "..")
	f.Add("eyJhbGciOiJub25lIn0." + payload)
	f.Add(strings.Repeat("A", maxAccess+1))
	signed := map[string]bool{good: true}
	f.Fuzz(func(t *testing.T, text string) {
		if _, ok := ring.openAccess(text); ok != signed[text] {
			t.Errorf("%q: opened: %t", text, ok)
		}
		// What follows the header is free for all, so this is where somebody would look.
		if spoilt := header + "." + text; !signed[spoilt] {
			if _, ok := ring.openAccess(spoilt); ok {
				t.Errorf("%q was opened", spoilt)
			}
		}
	})
}

// FuzzSignedPayload signs whatever stands in a payload, so that no signature stands between the fuzzer and
// the reader. What is let in must be to the standard library's reader what it is to ours.
func FuzzSignedPayload(f *testing.F) {
	ring := testRing(f)
	key := ring.ring.Load().keys[0]
	said := usual()
	payload, err := said.write(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload)
	for _, change := range []struct{ old, new string }{
		{`"epoch":1`, `"epoch":-1`}, {`"epoch":1`, `"epoch":1.0`}, {`"epoch":1`, `"epoch":9007199254740993`}, {`"epoch":1`, `"epoch":null`}, {`,"epoch":1`, ``},
		{`"epoch":1`, `"epoch":1,"epoch":2`}, {`"epoch":1`, `"Epoch":1`}, {`"epoch":1`, `"epoch":1,"nbf":1e99`}, {`"epoch":1`, `"epoch":1,"x":[[[{}]]]`},
		{`"sub":"`, `"sub":"x`}, {`"aud":"http://127.0.0.1:8080"`, `"aud":[]`}, {`"aud":"http://127.0.0.1:8080"`, `"aud":["a",null]`}, {`"aud":"http://127.0.0.1:8080"`, `"aud":""`},
		{`"aud":"http://127.0.0.1:8080"`, `"aud":null`}, {`{`, " {"}, {`{`, "\ufeff{"}, {`"jti":"`, `"jti":"\ud800`}, {`"jti":"`, "\"jti\":\"\xff"},
	} {
		f.Add(bytes.Replace(payload, []byte(change.old), []byte(change.new), 1))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		text, err := key.appendJWS(nil, key.header, payload)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := ring.openAccess(string(text))
		if !ok {
			return
		}
		if len(text) > maxAccess {
			t.Errorf("%d bytes were opened", len(text))
		}
		var want claims
		if err := json.Unmarshal(payload, &want); err != nil {
			t.Fatalf("%q is let in, and the standard library says: %v", payload, err)
		}
		wantSameClaims(t, payload, got, want)
	})
}

func wantSameClaims(t *testing.T, payload []byte, got accessToken, want claims) {
	t.Helper()
	same := got.Issuer == want.Issuer && got.Subject == want.Subject && slices.Equal(got.Audience, want.Audience) && got.Expiry == want.Expiry &&
		got.IssuedAt == want.IssuedAt && got.ID == want.ID && got.Client == want.Client && got.Session == want.Session && got.AuthTime == want.AuthTime &&
		got.Epoch == want.Epoch && slices.Equal(got.Roles, want.Roles) && got.Scope == want.Scope && got.NotBefore == want.NotBefore
	if !same {
		t.Errorf("%q: read as %+v; the standard library: %+v", payload, got.claims, want)
	}
	if got.user.IsZero() || got.session.IsZero() != (got.Session == "") || got.Epoch < 0 || got.Epoch > maxEpoch || got.ID == "" || len(got.Audience) == 0 {
		t.Errorf("%q: let in as %+v", payload, got)
	}
}

// FuzzSealed: what was sealed opens under its name, and with one byte changed, under another name or by
// another master key it does not. What was never sealed opens nothing.
func FuzzSealed(f *testing.F) {
	f.Add("refresh.1", []byte("secret"), uint16(3), byte(1), []byte("junk"))
	f.Add("", []byte{}, uint16(0), byte(0x80), []byte{})
	f.Add("signing.x", bytes.Repeat([]byte{7}, 300), uint16(20), byte(0xff), bytes.Repeat([]byte{0}, sealID+sealNonce+16))
	ours, err := newSealer([][]byte{master(1)})
	if err != nil {
		f.Fatal(err)
	}
	others, err := newSealer([][]byte{master(2)})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string, secret []byte, at uint16, change byte, junk []byte) {
		sealed, err := ours.seal(name, secret, bytes.NewReader(make([]byte, sealNonce)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ours.open(name, sealed); err != nil || !bytes.Equal(got, secret) {
			t.Errorf("%q under %q: got %q, %v", secret, name, got, err)
		}
		if _, err := others.open(name, sealed); !errors.Is(err, ErrMasterKey) {
			t.Errorf("by another master key: got %v", err)
		}
		if _, err := ours.open(name+"0", sealed); err == nil {
			t.Error("opened under another name")
		}
		if change != 0 {
			sealed[int(at)%len(sealed)] ^= change
			if _, err := ours.open(name, sealed); err == nil {
				t.Errorf("opened with byte %d changed", int(at)%len(sealed))
			}
		}
		for _, text := range [][]byte{junk, slices.Concat(ours.keys[0].id[:], junk)} {
			if got, err := ours.open(name, text); err == nil {
				t.Errorf("%q was opened as %q", text, got)
			}
		}
	})
}

// FuzzStoredKey: a private half is a key only under the name of its own public half.
func FuzzStoredKey(f *testing.F) {
	for _, alg := range []Alg{ES256, EdDSA} {
		row, secret, err := generateKey(alg, 1, noon, rand.Reader)
		if err != nil {
			f.Fatal(err)
		}
		for _, named := range []string{"ES256", "EdDSA", "RS256", "none", "HS256", ""} {
			f.Add(secret, named, row.KID)
		}
		f.Add(secret[:len(secret)-1], string(alg), row.KID)
		f.Add(append(secret, 0), string(alg), row.KID)
	}
	f.Fuzz(func(t *testing.T, secret []byte, alg, kid string) {
		key, err := openKey(PublishedKey{KID: kid, Slot: 1, Alg: alg}, secret)
		if err != nil {
			return
		}
		private, err := x509.ParsePKCS8PrivateKey(secret)
		if err != nil || key.kid != kid || !slices.Contains([]Alg{ES256, EdDSA, RS256}, Alg(alg)) {
			t.Fatalf("a key %q for %q was opened as %q: %v", kid, alg, key.kid, err)
		}
		again, err := x509.MarshalPKCS8PrivateKey(private)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := openKey(PublishedKey{KID: kid, Slot: 1, Alg: alg}, again); err != nil {
			t.Errorf("what was opened does not open as it is written: %v", err)
		}
		if text, err := base64.RawURLEncoding.DecodeString(kid); err != nil || len(text) != 32 {
			t.Errorf("a key is named %q", kid)
		}
	})
}

// FuzzSecretName: a row is a secret only under a name that this build writes, by the one text of its
// version.
func FuzzSecretName(f *testing.F) {
	for _, name := range []string{"refresh.1", "pepper.255", "pepper.256", "pepper.0", "pepper.01", "pepper.+1", "refresh.", "refresh", "signing.x", "other.1", "", ".", "pepper.1.1"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		r := &ring{}
		private := map[string][]byte{}
		if err := r.addSecret(SealedSecret{Name: name}, []byte("0123456789abcdef0123456789abcdef"), private); err != nil {
			return
		}
		kind, rest, _ := strings.Cut(name, ".")
		switch {
		case kind == "signing" && private[rest] != nil && len(r.refresh)+len(r.peppers) == 0:
		case kind == "refresh" && len(r.refresh) == 1 && len(private)+len(r.peppers) == 0 && "refresh."+strconv.Itoa(r.refresh[0].version) == name:
		case kind == "pepper" && len(r.peppers) == 1 && len(private)+len(r.refresh) == 0 && "pepper."+strconv.Itoa(r.peppers[0].version) == name:
		default:
			t.Errorf("%q was taken: %+v", name, r)
		}
	})
}

package jws

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/authd/authd/verify/internal/fake"
)

func parsed(t *testing.T, key *fake.Key) *Key {
	t.Helper()
	k, _, err := ParseKey(encode(key.JWK()))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestWhatWasSignedIsOpened(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"ES256", "EdDSA", "RS256"} {
		key := fake.NewKey(alg)
		m, err := Parse([]byte(key.Sign("x+y", []byte("payload"))), 2048)
		if err != nil {
			t.Fatal(err)
		}
		if want := (Header{alg, key.KID, "x+y"}); m.Header != want {
			t.Errorf("got %v, want %v", m.Header, want)
		}
		payload, err := m.Open(parsed(t, key), []byte("a"))
		if err != nil || string(payload) != "apayload" {
			t.Errorf("%s: got %q, %v", alg, payload, err)
		}
		if payload, err := m.Open(parsed(t, fake.NewKey(alg)), nil); err != ErrSignature || payload != nil {
			t.Errorf("%s by another key: got %q, %v", alg, payload, err)
		}
	}
}

// A3: the algorithm is the key's, whatever the header says.
func TestA3AnAlgorithmIsTheKeysOrNone(t *testing.T) {
	t.Parallel()
	for _, signs := range []string{"ES256", "EdDSA", "RS256"} {
		for _, checks := range []string{"ES256", "EdDSA", "RS256"} {
			m, err := Parse([]byte(fake.NewKey(signs).Sign("", []byte("x"))), 2048)
			if err != nil {
				t.Fatal(err)
			}
			want := ErrAlgorithm
			if signs == checks {
				want = ErrSignature
			}
			if _, err := m.Open(parsed(t, fake.NewKey(checks)), nil); err != want {
				t.Errorf("%s by a key for %s: got %v, want %v", signs, checks, err, want)
			}
		}
	}
}

// A13: whatever is too long or of another form costs nothing worth mentioning.
func TestA13WhatHasAnotherFormCostsNothing(t *testing.T) {
	// Not parallel: it counts what is allocated.
	dots, long := bytes.Repeat([]byte("."), 1<<20), bytes.Repeat([]byte("A"), 1<<20)
	for what, text := range map[string][]byte{
		"dots": dots, "dots within the limit": dots[:8<<10], "letters": long, "letters within the limit": long[:8<<10],
		"a long header": append(bytes.Clone(long[:8000]), ".A.A"...),
	} {
		if got := testing.AllocsPerRun(10, func() {
			if _, err := Parse(text, 8<<10); err == nil {
				t.Fatal("it was taken")
			}
		}); got > 0 {
			t.Errorf("%s: %v allocations", what, got)
		}
	}
}

// FuzzParse holds that whatever is opened has one spelling, and a header of three members.
func FuzzParse(f *testing.F) {
	key := fake.NewKey("EdDSA")
	good := key.Sign("at+jwt", []byte(`{"a":1}`))
	for _, seed := range []string{good, good + ".", "..", "a.b.c", strings.Repeat(".", 100), good[:20] + "\n" + good[20:],
		fake.Base64([]byte(`{"alg":"none","kid":"a"}`)) + ".e30.", fake.Base64([]byte(`{"alg":"EdDSA","kid":"a","crit":["x"]}`)) + ".e30.AA"} {
		f.Add([]byte(seed))
	}
	k, _, err := ParseKey(encode(key.JWK()))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Parse(text, 8<<10)
		if err != nil {
			return
		}
		segments := strings.Split(string(text), ".")
		if len(segments) != 3 || !isKeyID(m.KeyID) || m.Algorithm == "" {
			t.Fatalf("%q was parsed as %+v", text, m.Header)
		}
		header, err := base64.RawURLEncoding.Strict().DecodeString(segments[0])
		if err != nil || fake.Base64(header) != segments[0] {
			t.Fatalf("%q is not canonical", segments[0])
		}
		payload, err := m.Open(k, nil)
		if err == nil && (string(payload) != `{"a":1}` || fake.Base64(payload) != segments[1]) {
			t.Fatalf("opened %q", payload)
		}
	})
}

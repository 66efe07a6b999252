package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/authd/authd/internal/auth"
)

func encoded(key []byte) string { return base64.StdEncoding.EncodeToString(key) }

// counted returns 32 bytes that begin with first and grow by step.
func counted(first, step byte) []byte {
	key := make([]byte, masterKeySize)
	for i := range key {
		key[i] = first + byte(i)*step
	}
	return key
}

func TestDrawnMasterKeysAreTaken(t *testing.T) {
	t.Parallel()
	for range 1000 {
		text, err := newMasterKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := parseMasterKeys(text)
		if err != nil || len(keys) != 1 || len(keys[0].Reveal()) != masterKeySize {
			t.Fatalf("a drawn key gave %d keys, %v", len(keys), err)
		}
	}
}

func TestMasterKeysKeepTheirOrder(t *testing.T) {
	t.Parallel()
	keys, err := parseMasterKeys(auth.NewSecret(drawn('a') + ", " + drawn('b')))
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != 2 || encoded([]byte(keys[0].Reveal())) != drawn('a') || encoded([]byte(keys[1].Reveal())) != drawn('b') {
		t.Errorf("got %d keys, not the two that were given in their order", len(keys))
	}
}

// D12: keys that were never drawn.
func TestMasterKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	tests := []struct{ claim, text string }{
		{"zeros", encoded(make([]byte, 32))},
		{"one byte repeated", encoded(bytes.Repeat([]byte{0xa7}, 32))},
		{"counted up", encoded(counted(0, 1))},
		{"counted down", encoded(counted(255, 255))},
		{"counted by 7", encoded(counted(3, 7))},
		{"a short pattern repeated", encoded(bytes.Repeat([]byte{0xde, 0xad, 0xbe, 0xef}, 8))},
		{"half a key repeated", encoded(bytes.Repeat([]byte{1, 9, 200, 31, 77, 5, 250, 14, 3, 99, 180, 66, 42, 128, 17, 93}, 2))},
		{"a pass phrase", encoded([]byte("Pack my box with 5 dozen liq jug"))},
		{"hexadecimal digits as text", encoded([]byte("0f1e2d3c4b5a69788796a5b4c3d2e1f0"))},
		{"too short", encoded(make([]byte, 16))},
		{"too long", encoded(make([]byte, 33))},
		{"nothing", ""},
		{"no base64", "this is not base64"},
		{"base64url", strings.NewReplacer("+", "-", "/", "_").Replace(encoded(counted(0xf8, 3)))},
		{"no padding", strings.TrimRight(drawn('a'), "=")},
		{"an empty place", drawn('a') + ","},
		{"the same key twice", drawn('a') + "," + drawn('a')},
		{"a bad second key", drawn('a') + "," + encoded(make([]byte, 32))},
	}
	for _, tt := range tests {
		t.Run(tt.claim, func(t *testing.T) {
			t.Parallel()
			keys, err := parseMasterKeys(auth.NewSecret(tt.text))
			if err == nil {
				t.Errorf("got %d keys, want an error", len(keys))
			} else if tt.text != "" && strings.Contains(err.Error(), tt.text) {
				t.Errorf("the error repeats the key: %v", err)
			}
		})
	}
}

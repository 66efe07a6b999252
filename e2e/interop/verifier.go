//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"strings"
)

// software is something that verifies tokens, which others wrote.
type software struct {
	name    string
	version func() string // as installed
	// start starts a verifier with the defaults of the software, as its documentation shows it, which lives
	// until ctx ends. It caches keys as it likes.
	start func(ctx context.Context, d *deployment) (verifier, error)
	// without is what the software says of an algorithm that it does not have.
	without map[string]string
	note    string // what of its configuration matters
}

// verifier says nil of a token that it takes, and why it refuses another.
type verifier interface {
	verify(ctx context.Context, token string) error
}

// verifyFunc is a verifier that is one function.
type verifyFunc func(ctx context.Context, token string) error

func (f verifyFunc) verify(ctx context.Context, token string) error { return f(ctx, token) }

// tampered makes a token somebody else's, under the signature that it has.
func tampered(token string) string {
	header, rest, _ := strings.Cut(token, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	claims, _ := base64.RawURLEncoding.DecodeString(payload)
	at := bytes.Index(claims, []byte(`"sub":"`)) + len(`"sub":"`)
	claims[at] ^= '0' ^ '1' // of two digits each is the other one, and of any other text nobody's
	return header + "." + base64.RawURLEncoding.EncodeToString(claims) + "." + signature
}

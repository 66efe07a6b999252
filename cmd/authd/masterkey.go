package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

const masterKeySize = tokens.MasterKeyBytes

// newMasterKey draws a key and returns its text.
func newMasterKey(random io.Reader) (auth.Secret, error) {
	key := make([]byte, masterKeySize)
	if _, err := io.ReadFull(random, key); err != nil {
		return auth.Secret{}, err
	}
	return auth.NewSecret(base64.StdEncoding.EncodeToString(key)), nil
}

// parseMasterKeys reads keys in base64, by commas, and returns their bytes. No error repeats any part
// of the text.
func parseMasterKeys(text auth.Secret) ([]auth.Secret, error) {
	var keys []auth.Secret
	for part := range strings.SplitSeq(text.Reveal(), ",") {
		key, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(part))
		if err != nil || len(key) != masterKeySize {
			return nil, fmt.Errorf("key %d is not 32 bytes in base64: authd init DIR or openssl rand -base64 32 makes one", len(keys)+1)
		}
		if err := checkDrawn(key); err != nil {
			return nil, fmt.Errorf("key %d %w: authd init DIR or openssl rand -base64 32 makes one", len(keys)+1, err)
		}
		for _, other := range keys {
			if other.Reveal() == string(key) {
				return nil, fmt.Errorf("key %d stands there twice", len(keys)+1)
			}
		}
		keys = append(keys, auth.NewSecret(string(key)))
	}
	return keys, nil
}

// checkDrawn refuses keys that were typed and not drawn: zeros, a counted row, a repeated pattern, an
// example from a page, a pass phrase (D12). A key from a random source fails here once in about 10^13.
func checkDrawn(key []byte) error {
	distinct := map[byte]bool{}
	printable, counted := true, true
	for i, b := range key {
		distinct[b] = true
		printable = printable && b >= ' ' && b <= '~'
		counted = counted && (i == 0 || b-key[i-1] == key[1]-key[0])
	}
	switch {
	case counted, len(distinct) <= masterKeySize/2:
		return errors.New("follows a pattern")
	case printable:
		return errors.New("is text that somebody typed")
	}
	return nil
}

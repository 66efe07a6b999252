package tokens_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/authd/authd/internal/store/everystore"
	"github.com/authd/authd/internal/tokens"
)

// Two configurations that meet on one store, as in a rolling deploy, must not turn each other's keys.
func TestTheAlgorithmSettingLeavesTheKeysThatThereAreAlone(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		var first string
		for _, alg := range []tokens.Alg{tokens.EdDSA, tokens.ES256, tokens.RS256, tokens.EdDSA} {
			k, err := tokens.OpenKeyring(t.Context(), tokens.KeyringConfig{
				Store: open(t), MasterKeys: [][]byte{masterKey(1)}, AccessTTL: accessTTL, JWKSMaxAge: 5 * time.Minute,
				Alg: alg, Random: rand.Reader, Now: time.Now,
			})
			if err != nil {
				t.Fatal(err)
			}
			body, tag := k.JWKS()
			if first == "" {
				first = tag
				if got := strings.Count(string(body), `"alg":"EdDSA"`); got != 2 {
					t.Errorf("a first boot with EdDSA made %d keys of it: %s", got, body)
				}
			}
			if tag != first {
				t.Errorf("with %s the key set became %s", alg, body)
			}
		}
	})
}

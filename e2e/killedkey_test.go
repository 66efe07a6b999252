//go:build unix

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// D5: the active key is killed twice in a row, by commands beside the servers, so that the second time it
// is a key that was just made that signs. Services behind every process drop what the killed key signed,
// whatever key set they hold, and nobody has to sign in again.
func TestD5AKilledKeyIsDroppedByEveryServiceAndNobodyIsSignedOut(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, d *deployment) {
		all := d.startAll(t)
		var services []*service
		for _, p := range all {
			services = append(services, following(t, p.name, p.addr, time.Minute))
		}
		ada := signUp(t, all[0], "ada")
		for round := range 2 {
			kid := keyOf(t, ada.AccessToken)
			for _, s := range services {
				s.wantAccepts(t, ada.AccessToken)
			}
			if output, err := d.command(t, "", "keys", "kill", "--yes", "--", kid); err != nil {
				t.Fatalf("authd keys kill: %v\n%s", err, output)
			}
			for _, s := range services {
				s.awaitRefused(t, ada.AccessToken)
			}
			for i, p := range all { // by now all have heard of it: their services have it from them
				ada = refresh(t, p, ada.RefreshToken)
				if got := keyOf(t, ada.AccessToken); got == kid {
					t.Fatalf("round %d: process %d still signs by the killed key", round, i)
				}
				for _, s := range services {
					s.awaitAccepts(t, ada.AccessToken) // and never 401
				}
			}
		}
	})
}

// keyOf is the kid in the header of a token.
func keyOf(t testing.TB, token string) string {
	t.Helper()
	header, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(header)
	var said struct{ Kid string }
	if err == nil {
		err = json.Unmarshal(text, &said)
	}
	if err != nil || said.Kid == "" {
		t.Fatalf("no kid in the header %q: %v", text, err)
	}
	return said.Kid
}

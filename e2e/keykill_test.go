//go:build unix

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// D5: the key that signs is killed while people are signed in. Who has nothing but a copy of the key set
// believes what it signed until that is fetched again. Services that follow the feed do not, nor does any
// process, and the next tokens are good everywhere at once, because the spare was published all along.
func TestD5AKilledKeyIsBelievedOnlyByWhoFollowsNoFeed(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, d *deployment) {
		processes := d.startAll(t)
		var services []*service
		var users []pair
		for i, p := range processes {
			services = append(services, following(t, p.name, p.addr, time.Minute))
			users = append(users, signUp(t, p, []string{"ada", "ben", "cleo"}[i]))
		}
		stranger := newVerifier(t, processes[0]) // follows no feed, and so has nothing but its copy
		old := keyOf(t, users[0].AccessToken)
		for _, who := range users {
			if got := keyOf(t, who.AccessToken); got != old {
				t.Fatalf("%s and %s sign at the same time", old, got)
			}
			for _, s := range services {
				s.wantAccepts(t, who.AccessToken)
			}
		}

		d.operate(t, "keys", "kill", "--yes", "--", old)
		for _, who := range users {
			for _, s := range services {
				s.awaitDead(t, who.AccessToken)
			}
			for _, p := range processes {
				eventually(t, p.name+" refuses the token", func() bool {
					return ask(t, p, request{path: "/me", bearer: who.AccessToken}).status == http.StatusUnauthorized
				})
			}
		}
		stranger.verify(t, users[0].AccessToken) // this is what the feed is for

		for i, who := range users {
			p := processes[(i+1)%len(processes)] // another one than where the session was opened
			next := refresh(t, p, who.RefreshToken)
			if keyOf(t, next.AccessToken) == old {
				t.Errorf("%s signs with the killed key", p.name)
			}
			for _, s := range services {
				s.wantAccepts(t, next.AccessToken)
			}
			for _, each := range processes {
				if a := ask(t, each, request{path: "/me", bearer: next.AccessToken}); a.status != http.StatusOK {
					t.Errorf("%s: /me: got %v, want 200", each.name, a)
				}
			}
		}
		for _, p := range processes {
			if a := ask(t, p, request{path: "/.well-known/jwks.json"}); strings.Contains(string(a.body), old) || strings.Count(string(a.body), `"kid"`) != 2 {
				t.Errorf("%s publishes %s, want two keys and not %s", p.name, a.body, old)
			}
		}
		d.operate(t, "keys", "kill", "--yes", "--", old) // again is no fault
	})
}

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

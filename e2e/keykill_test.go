//go:build unix

package e2e

import (
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

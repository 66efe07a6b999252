package verify_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/verify"
	"github.com/authd/authd/verify/internal/fake"
)

// D3, the other way round: authd lets a key sign at the earliest two max-ages and 30 s after it was first
// published. It is known here by then, although it was published right after a fetch, and whatever the
// max-age: nobody waits for a fetch, and no cool-down is in the way.
func TestANewKeyIsKnownBeforeItSigns(t *testing.T) {
	for _, maxAge := range []time.Duration{time.Second, 20 * time.Second, time.Minute, 5 * time.Minute, time.Hour} {
		bubbleIn(t, maxAge.String(), func(t *testing.T) {
			authd := fake.New()
			authd.Intercept(onKeys(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Cache-Control", fmt.Sprintf("public, max-age=%d", maxAge/time.Second))
				_, _ = io.WriteString(w, setOf(jwks(authd)...))
			}))
			v := start(t, config(authd))
			for range max(1, min(8, int(time.Hour/maxAge))) {
				old, next := authd.Key(), fake.NewKey("EdDSA")
				fetched := authd.Requests(jwksPath)
				for authd.Requests(jwksPath) == fetched {
					time.Sleep(time.Second)
				}
				authd.SetKeys(old, next)
				time.Sleep(2*maxAge + 30*time.Second)
				authd.SetKeys(next, old)
				before, began := authd.Requests(jwksPath), time.Now()
				mustAccept(t, v, authd.Token(nil))
				if authd.Requests(jwksPath) != before || time.Since(began) != 0 {
					t.Error("the first token of the new key had to wait for a fetch")
				}
				mustAccept(t, v, old.Sign("at+jwt", encode(authd.Claims(nil))))
			}
		})
	}
}

// jwks are the keys that an authd has.
func jwks(authd *fake.Authd) (all []fake.JSON) {
	for _, key := range authd.Keys() {
		all = append(all, key.JWK())
	}
	return all
}

// A 304 need not repeat for how long the set is good.
func TestWhatTheSetSaidOfItsAgeHoldsUntilItChanges(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		authd.Intercept(onKeys(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"1"`)
			if r.Header.Get("If-None-Match") != "" {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set("Cache-Control", "max-age=60")
			_, _ = io.WriteString(w, setOf(jwks(authd)...))
		}))
		start(t, config(authd))
		time.Sleep(10*time.Minute + time.Second)
		if got := authd.Requests(jwksPath); got < 11 || got > 13 {
			t.Errorf("fetched %d times in 10 min, want once a minute", got)
		}
	})
}

// D5: the active key is killed, and what signs in its place is as new as the kill. Random kids have just
// spent the fetch that an unknown one is worth, but the page with the kill is signed by that key, too.
func TestD5TheKeyInPlaceOfAKilledOneIsKnownWithItsKill(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		killed, fresh := authd.Key(), fake.NewKey("ES256")
		v := start(t, config(authd))
		mustRefuse(t, v, fake.NewKey("ES256").Sign("at+jwt", encode(authd.Claims(nil))), verify.ErrInvalid)
		authd.SetKeys(fresh, fake.NewKey("ES256"))
		authd.Kill("kid", killed.KID)
		synctest.Wait()
		began := time.Now()
		mustAccept(t, v, authd.Token(nil))
		if time.Since(began) != 0 {
			t.Error("its first token had to wait for a fetch")
		}
		mustRefuse(t, v, killed.Sign("at+jwt", encode(authd.Claims(nil))), verify.ErrRevoked)
	})
}

// Who asks for what has changed is not answered from before.
func TestWhatIsAskedForIsNotTakenFromACacheOnTheWay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		var mu sync.Mutex
		var asked []string
		authd.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == jwksPath {
				mu.Lock()
				defer mu.Unlock()
				asked = append(asked, r.Header.Get("Cache-Control"))
			}
			return false
		})
		v := start(t, config(authd))
		time.Sleep(5*time.Minute + time.Second) // by max-age
		mustRefuse(t, v, fake.NewKey("ES256").Sign("at+jwt", encode(authd.Claims(nil))), verify.ErrInvalid)
		mu.Lock()
		defer mu.Unlock()
		if want := []string{"", "no-cache"}; !slices.Equal(asked[1:], want) {
			t.Errorf("after the first: got Cache-Control %q, want %q", asked[1:], want)
		}
	})
}

// D11: the endpoint is down for longer than a key may go without being confirmed. Up to then kills of keys
// apply like all others, and after it the answer is 503, until the keys are back. The budget is a large one,
// so that the feed need not come all the time: this is about the keys.
func TestD11KillsApplyDuringAnOutageAndTheKeysLastADay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		kept, killed := authd.Key(), fake.NewKey("ES256")
		authd.SetKeys(kept, killed)
		c := config(authd)
		c.MaxStaleness = 48 * time.Hour
		v := start(t, c)
		other := func() string { return killed.Sign("at+jwt", encode(authd.Claims(nil))) }
		mustAccept(t, v, other())
		down := func(feed bool) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == feedPath && !feed {
					return false
				}
				w.Header().Set("Retry-After", "30")
				w.WriteHeader(http.StatusBadGateway)
				return true
			}
		}
		authd.Intercept(down(true))
		time.Sleep(12 * time.Hour)
		mustAccept(t, v, other())
		authd.Kill("kid", killed.KID)
		authd.Intercept(down(false))
		time.Sleep(time.Minute)
		mustRefuse(t, v, other(), verify.ErrRevoked)
		authd.Intercept(down(true))
		time.Sleep(12*time.Hour - 2*time.Minute)
		mustAccept(t, v, authd.Token(nil))
		mustRefuse(t, v, other(), verify.ErrRevoked)
		time.Sleep(2 * time.Minute)
		mustRefuse(t, v, authd.Token(nil), verify.ErrNotReady)
		mustRefuse(t, v, other(), verify.ErrNotReady)
		if err := v.Ready(); !errors.Is(err, verify.ErrNotReady) || !strings.Contains(err.Error(), "502") {
			t.Errorf("Ready: got %v, want what is wrong with the keys", err)
		}
		authd.Intercept(nil)
		time.Sleep(time.Minute)
		mustAccept(t, v, authd.Token(nil))
		mustRefuse(t, v, other(), verify.ErrRevoked)
	})
}

// A26: keys of tomorrow beside ours are nobody's alarm, whatever their members look like.
func TestKeysOfTomorrowAreNoAlarm(t *testing.T) {
	t.Parallel()
	authd := fake.New()
	reports := make(chan error, 100)
	c := config(authd)
	c.Hooks.KeysFetched = func(err error) { reports <- err }
	authd.Intercept(onKeys(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, setOf(append([]fake.JSON{
			{"kty": "AKP", "alg": "ML-DSA-65", "kid": "pq", "pub": strings.Repeat("A", 2600), "use": "sig"},
			{"kty": "XMSS", "kid": 7, "use": []string{"sig", "attest"}, "alg": fake.JSON{"name": "x"}, "x": []int{1}, "e": nil},
			{"kty": "AKP", "key_ops": "verify", "kid": []any{}, "n": true},
			{"kty": "AKP", "key_ops": []any{1, nil, fake.JSON{}}, "y": fake.JSON{"a": []any{fake.JSON{}}}},
			{"kty": []string{"EC"}, "crv": 256},
			{"kty": "EC", "crv": "P-521", "alg": "ES512", "kid": "p521", "x": "AA", "y": "AA"},
			{"kty": "OKP", "crv": "Ed448", "alg": "Ed448", "kid": "ed448", "x": "AA"},
		}, jwks(authd)...)...))
	}))
	v := start(t, c)
	mustAccept(t, v, authd.Token(nil))
	if err := <-reports; err != nil {
		t.Errorf("reported %v", err)
	}
	if got := v.Status().Keys; got != 2 {
		t.Errorf("%d keys are used, want the two that are known", got)
	}
}

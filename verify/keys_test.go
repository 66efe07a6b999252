package verify_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/verify"
	"github.com/authd/authd/verify/internal/fake"
)

// onKeys intercepts the key set alone.
func onKeys(answer http.HandlerFunc) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != jwksPath {
			return false
		}
		answer(w, r)
		return true
	}
}

func setOf(keys ...fake.JSON) string { return string(encode(fake.JSON{"keys": keys})) }

func TestTokensOfEachAlgorithmAreAccepted(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"ES256", "EdDSA", "RS256"} {
		authd := fake.New()
		authd.SetKeys(fake.NewKey(alg), fake.NewKey("ES256"))
		v := start(t, config(authd))
		mustAccept(t, v, authd.Token(nil))
		mustRefuse(t, v, swapPayload(authd.Token(nil), encode(authd.Claims(fake.JSON{"sub": "admin"}))), verify.ErrInvalid)
	}
}

func TestA7RandomKidsFetchTheKeysOnceInHalfAMinute(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		v := start(t, config(authd))
		before := authd.Requests(jwksPath)
		own := fake.NewKey("ES256")
		payload := encode(authd.Claims(nil))
		var all sync.WaitGroup
		for i := range 10_000 {
			header := encode(fake.JSON{"alg": "ES256", "kid": fmt.Sprint("kid-", i), "typ": "at+jwt"})
			raw := fake.Base64(header) + "." + fake.Base64(payload) + "." + fake.Base64(make([]byte, 64))
			all.Go(func() { mustRefuse(t, v, raw, verify.ErrInvalid) })
		}
		all.Wait()
		if got := authd.Requests(jwksPath) - before; got != 1 {
			t.Errorf("fetched the keys %d times, want once", got)
		}
		time.Sleep(29 * time.Second)
		mustRefuse(t, v, own.Sign("at+jwt", payload), verify.ErrInvalid)
		if got := authd.Requests(jwksPath) - before; got != 1 {
			t.Errorf("within the cool-down: fetched the keys %d times, want once", got)
		}
	})
}

func TestANewKeyIsFoundByTheFirstTokenThatItSigned(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		v := start(t, config(authd))
		authd.SetKeys(fake.NewKey("ES256"), authd.Key())
		mustAccept(t, v, authd.Token(nil))
	})
}

// Whether an unknown kid is authd's cannot be known without its keys: that is no reason for a 401.
func TestAnUnknownKeyIsNotInvalidWhileTheKeysCannotBeHad(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		v := start(t, config(authd))
		authd.Intercept(onKeys(func(w http.ResponseWriter, r *http.Request) { hold(r, time.Hour) }))
		stranger := fake.NewKey("ES256").Sign("at+jwt", encode(authd.Claims(nil)))
		began := time.Now()
		mustRefuse(t, v, stranger, verify.ErrNotReady)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("waited for %v", took)
		}
		mustAccept(t, v, authd.Token(nil))
		time.Sleep(10 * time.Second)
		mustRefuse(t, v, stranger, verify.ErrNotReady)
	})
}

func TestD3AKeyThatIsNoLongerPublishedIsNoLongerGood(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		old, next := authd.Key(), fake.NewKey("ES256")
		authd.SetKeys(old, next)
		v := start(t, config(authd))
		sign := func() string { return old.Sign("at+jwt", encode(authd.Claims(nil))) }
		raw := sign()
		mustAccept(t, v, raw)
		authd.SetKeys(next)
		time.Sleep(4 * time.Minute)
		mustAccept(t, v, sign())
		time.Sleep(61 * time.Second) // max-age is 5 min
		mustRefuse(t, v, sign(), verify.ErrInvalid)
		mustRefuse(t, v, raw, verify.ErrInvalid)
		mustAccept(t, v, authd.Token(nil))
	})
}

func TestD5AKilledKeyIsDroppedAtOnceAndForGood(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		v := start(t, config(authd))
		killed, spare := authd.Key(), fake.NewKey("ES256")
		raw := authd.Token(nil)
		mustAccept(t, v, raw)
		authd.SetKeys(spare, killed) // a cache on the way still has it
		authd.Kill("kid", killed.KID)
		time.Sleep(2 * time.Second) // after a page that brought nothing a verifier pauses for one
		mustRefuse(t, v, raw, verify.ErrRevoked)
		mustAccept(t, v, authd.Token(nil))
		before := authd.Requests(jwksPath)
		time.Sleep(10 * time.Minute)
		mustRefuse(t, v, killed.Sign("at+jwt", encode(authd.Claims(nil))), verify.ErrRevoked)
		if authd.Requests(jwksPath) == before {
			t.Error("the keys were not fetched again, so nothing was tried")
		}
		// What it signs of the feed is not believed either.
		authd.Intercept(saying(killed.Sign("authd-revocations+jwt", encode(authd.Page(0, nil)))))
		time.Sleep(90 * time.Second)
		mustRefuse(t, v, authd.Token(nil), verify.ErrStale)
	})
}

func TestD11KeysOutliveAnOutageOfTheirEndpoint(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		v := start(t, config(authd))
		authd.Intercept(onKeys(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }))
		time.Sleep(time.Hour)
		mustAccept(t, v, authd.Token(nil))
		authd.Kill("sid", "s1")
		synctest.Wait()
		mustRefuse(t, v, authd.Token(fake.JSON{"sid": "s1"}), verify.ErrRevoked)
	})
}

func TestAnAnswerThatIsNoKeySetLeavesTheKeys(t *testing.T) {
	for what, body := range map[string]string{
		"nothing":         "",
		"HTML":            "<html>",
		"no keys":         `{}`,
		"an empty set":    `{"keys":[]}`,
		"keys twice":      `{"keys":[],"keys":[]}`,
		"only bad keys":   setOf(fake.JSON{"kty": "oct", "kid": "a", "k": "AAAA"}),
		"a huge body":     `{"keys":[` + strings.Repeat(" ", 1<<20) + `]}`,
		"a thousand keys": setOf(make([]fake.JSON, 1000)...),
	} {
		bubbleIn(t, what, func(t *testing.T) {
			authd := fake.New()
			var failed atomic.Int32
			c := config(authd)
			c.Hooks.KeysFetched = func(err error) {
				if err != nil {
					failed.Add(1)
				}
			}
			v := start(t, c)
			authd.Intercept(onKeys(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
			time.Sleep(10 * time.Minute)
			mustAccept(t, v, authd.Token(nil))
			if got := failed.Load(); got < 10 || got > 121 {
				t.Errorf("%d fetches failed in 10 min, want one in 5 to 10 s once the set was old", got)
			}
		})
	}
}

// A25, A26: next to a good key.
func TestABadKeyIsRefusedAndTheOthersServe(t *testing.T) {
	t.Parallel()
	authd := fake.New()
	evil := fake.NewKey("ES256")
	bad := func(changes fake.JSON) fake.JSON {
		j := evil.JWK()
		for name, value := range changes {
			j[name] = value
		}
		return j
	}
	for what, jwks := range map[string][]fake.JSON{
		"for encryption":                {bad(fake.JSON{"use": "enc"})},
		"not for verifying":             {bad(fake.JSON{"key_ops": []string{"encrypt"}})},
		"of another algorithm":          {bad(fake.JSON{"alg": "ES384"})},
		"twice":                         {bad(nil), bad(nil)},
		"twice, the other one bad":      {bad(nil), bad(fake.JSON{"use": "enc"})},
		"with half a coordinate":        {bad(fake.JSON{"x": "AAAA"})},
		"off the curve":                 {bad(fake.JSON{"x": fake.Base64(make([]byte, 32))})},
		"private":                       {bad(fake.JSON{"d": fake.Base64(make([]byte, 32))})},
		"A26: of a type of tomorrow":    {bad(fake.JSON{"kty": "AKP"})},
		"A26: of a curve of others":     {bad(fake.JSON{"crv": "secp256k1"})},
		"without a type":                {{"kid": evil.KID}},
		"with numbers for texts":        {bad(fake.JSON{"x": 1})},
		"symmetric, under the good kid": {bad(fake.JSON{"kty": "oct", "k": "AAAA"})},
	} {
		authd.Intercept(onKeys(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, setOf(append(jwks, authd.Key().JWK())...))
		}))
		v := start(t, config(authd))
		mustAccept(t, v, authd.Token(nil))
		if _, err := v.Token(t.Context(), evil.Sign("at+jwt", encode(authd.Claims(nil)))); !errors.Is(err, verify.ErrInvalid) {
			t.Errorf("a key %s: got %v, want ErrInvalid", what, err)
		}
	}
}

func TestTheKeySetIsFetchedWhenItMayHaveChanged(t *testing.T) {
	for maxAge, want := range map[string]int{
		"public, max-age=60":       10,
		"max-age=0":                20, // 30 s are the least
		"MAX-AGE=120, public":      5,
		"":                         2, // 5 min
		"no-store":                 2,
		"max-age=99999999999":      2,
		"max-age=86400":            0, // an hour is the most
		"max-age=-1":               2,
		`max-age="60", public, x=`: 2,
	} {
		bubbleIn(t, maxAge, func(t *testing.T) {
			authd := fake.New()
			authd.Intercept(onKeys(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Cache-Control", maxAge)
				_, _ = io.WriteString(w, setOf(authd.Key().JWK()))
			}))
			start(t, config(authd))
			time.Sleep(10*time.Minute + time.Second)
			// An eighth less, by chance, so that a fleet does not come at once.
			if got := authd.Requests(jwksPath) - 1; got < want || got > want+want/6+1 {
				t.Errorf("fetched again %d times in 10 min, want %d", got, want)
			}
		})
	}
}

func TestAKeySetThatDidNotChangeIsNotSentAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		var mu sync.Mutex
		tags := make(map[string]int)
		authd.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
			mu.Lock()
			defer mu.Unlock()
			if r.URL.Path == jwksPath {
				tags[r.Header.Get("If-None-Match")]++
			}
			return false
		})
		v := start(t, config(authd))
		time.Sleep(21 * time.Minute)
		mustAccept(t, v, authd.Token(nil))
		mu.Lock()
		defer mu.Unlock()
		if len(tags) != 2 || tags[""] != 1 {
			t.Errorf("got requests with tags %v, want one without and the rest with one", tags)
		}
	})
}

// D15: keys and kills come from where the configuration says.
func TestD15ARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	evil := fake.New()
	elsewhere := httptest.NewServer(evil)
	defer elsewhere.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	failed := make(chan error, 100)
	v, err := verify.New(verify.Config{Issuer: fake.Issuer, Audience: fake.Audience, URL: server.URL,
		HTTPClient: &http.Client{Timeout: time.Nanosecond}, // which is not used either
		Hooks:      verify.Hooks{KeysFetched: func(err error) { failed <- err }}})
	if err != nil {
		t.Fatal(err)
	}
	go v.Run(t.Context())
	if err := <-failed; err == nil || !strings.Contains(err.Error(), "307") {
		t.Errorf("got %v, want the redirect as an error", err)
	}
	mustRefuse(t, v, evil.Token(nil), verify.ErrNotReady)
	if got := evil.Requests(jwksPath) + evil.Requests(feedPath); got != 0 {
		t.Errorf("the redirect was followed %d times", got)
	}
}

// The whole of it over a network, with a client of the service's own.
func TestAVerifierWorksOverRealConnections(t *testing.T) {
	t.Parallel()
	authd := fake.New()
	server := httptest.NewServer(authd)
	defer server.Close()
	polled := make(chan error, 100)
	c := verify.Config{Issuer: fake.Issuer, Audience: fake.Audience, URL: server.URL + "/", HTTPClient: server.Client(),
		Hooks: verify.Hooks{Polled: func(err error) { polled <- err }}}
	v := start(t, c)
	raw := authd.Token(nil)
	mustAccept(t, v, raw)
	for len(polled) > 0 {
		<-polled
	}
	authd.Kill("sid", "AZqr_FvkfVqdDzxBpPDC7g")
	if err := <-polled; err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, v, raw, verify.ErrRevoked)
}

func TestHooksAreToldWhatHappened(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		var verified, polled, fetched []error
		c := config(authd)
		c.Hooks = verify.Hooks{
			Verified:    func(err error) { verified = append(verified, err) },
			Polled:      func(err error) { polled = append(polled, err) },
			KeysFetched: func(err error) { fetched = append(fetched, err) },
		}
		v := start(t, c)
		_, _ = v.Token(t.Context(), authd.Token(nil))
		_, _ = v.Token(t.Context(), "x")
		authd.Intercept(answering(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }))
		time.Sleep(21 * time.Second)
		synctest.Wait()
		if len(verified) != 2 || verified[0] != nil || !errors.Is(verified[1], verify.ErrInvalid) {
			t.Errorf("Verified: got %v", verified)
		}
		if len(fetched) != 1 || fetched[0] != nil {
			t.Errorf("KeysFetched: got %v", fetched)
		}
		if len(polled) < 3 || polled[0] != nil || polled[len(polled)-1] == nil {
			t.Errorf("Polled: got %v", polled)
		}
		// The last page was asked for at the start, and made 20 s later.
		if got, want := v.Status(), (verify.Status{Age: 21 * time.Second, Keys: 2}); got != want {
			t.Errorf("Status: got %+v, want %+v", got, want)
		}
	})
}

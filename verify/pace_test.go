package verify_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/authd/authd/verify/internal/fake"
)

// What comes while nothing is held is bounded: authd could be broken in any way.
func TestAnAuthdThatAnswersAtOnceIsNotAskedInATightLoop(t *testing.T) {
	for what, answer := range map[string]func(*fake.Authd) http.HandlerFunc{
		"without news": func(a *fake.Authd) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, a.SignPage(0, nil)) }
		},
		"never at the head": func(a *fake.Authd) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, a.SignPage(0, fake.JSON{"head": 10}))
			}
		},
		"with errors": func(*fake.Authd) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }
		},
		"with pages and 410 in turn": func(a *fake.Authd) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Has("cursor") {
					w.WriteHeader(http.StatusGone)
					return
				}
				_, _ = io.WriteString(w, a.SignPage(0, nil))
			}
		},
		"with two histories in turn": func(a *fake.Authd) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, a.SignPage(0, fake.JSON{"mark": fmt.Sprintf("%016x", rand.Uint64())}))
			}
		},
		"with garbage": func(*fake.Authd) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") }
		},
		"with new keys": func(a *fake.Authd) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, fake.NewKey("ES256").Sign("authd-revocations+jwt", encode(a.Page(0, nil))))
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				authd := fake.New()
				authd.Intercept(answering(answer(authd)))
				startCold(t, config(authd))
				time.Sleep(5 * time.Minute)
				if got := authd.Requests(feedPath); got < 60 || got > 320 {
					t.Errorf("asked %d times in five minutes", got)
				}
				if got := authd.Requests(jwksPath); got > 35 {
					t.Errorf("fetched the keys %d times in five minutes", got)
				}
			})
		})
	}
}

// Retry-After is obeyed on a page and on an error.
func TestAHintToWaitIsObeyed(t *testing.T) {
	for _, status := range []int{200, 503} {
		bubbleIn(t, http.StatusText(status), func(t *testing.T) {
			authd := fake.New()
			authd.Intercept(answering(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, authd.SignPage(0, nil))
			}))
			startCold(t, config(authd))
			time.Sleep(70*time.Second - 1)
			if got := authd.Requests(feedPath); got != 10 {
				t.Errorf("asked %d times in 70 s, want 10", got)
			}
		})
	}
}

// A poll is held for a third of the tightest budget, so that two may fail.
func TestTheTightestBudgetSetsThePace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		var mu sync.Mutex
		var waits []string
		authd.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
			mu.Lock()
			defer mu.Unlock()
			if r.URL.Path == feedPath {
				waits = append(waits, r.URL.Query().Get("wait"))
			}
			return false
		})
		v := start(t, config(authd))
		time.Sleep(21 * time.Second)
		for _, budget := range []time.Duration{5 * time.Minute, 10 * time.Second, 30 * time.Second} {
			if _, err := v.WithMaxStaleness(budget); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(20 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		if got, _ := json.Marshal(waits[:4]); string(got) != `["","20","20","3"]` {
			t.Errorf("got waits %s", got)
		}
	})
}

// With a budget of 10 s, a feed in which nothing happens is news often enough.
func TestTheLeastBudgetIsNeverStaleWhileAuthdAnswers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		c := config(authd)
		c.MaxStaleness = 10 * time.Second
		v := start(t, c)
		for range 300 {
			time.Sleep(100 * time.Millisecond)
			mustAccept(t, v, authd.Token(nil))
		}
	})
}

package verify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/verify"
	"github.com/authd/authd/verify/internal/fake"
)

const (
	jwksPath = "/.well-known/jwks.json"
	feedPath = "/revocations"
)

// answering intercepts the feed alone.
func answering(feed http.HandlerFunc) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != feedPath {
			return false
		}
		feed(w, r)
		return true
	}
}

func saying(text string) func(http.ResponseWriter, *http.Request) bool {
	return answering(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
}

// hold keeps a request waiting.
func hold(r *http.Request, d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.Context().Done():
	}
}

func TestEveryKindOfKillIsObeyed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		v := start(t, config(authd))
		for kind, c := range map[string]struct {
			dead, alive fake.JSON
			text        string
			value       []int64
		}{
			// C2: whatever tokens of the session there are.
			"sid": {fake.JSON{"sid": "s1"}, fake.JSON{"sid": "s2"}, "s1", nil},
			"jti": {fake.JSON{"jti": "t1"}, fake.JSON{"jti": "t2"}, "t1", nil},
			// C6: by the number alone. Both tokens are of one second.
			"sub": {fake.JSON{"sub": "u1", "epoch": 4}, fake.JSON{"sub": "u1", "epoch": 5}, "u1", []int64{5}},
		} {
			dead, alive := authd.Token(c.dead), authd.Token(c.alive)
			mustAccept(t, v, dead)
			authd.Kill(kind, c.text, c.value...)
			synctest.Wait()
			mustRefuse(t, v, dead, verify.ErrRevoked)
			mustRefuse(t, v, authd.Token(c.dead), verify.ErrRevoked)
			mustAccept(t, v, alive)
		}
	})
}

// A kill names its claim by kind: one id in two claims is two things.
func TestAKillOfOneKindLeavesTheOthers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		v := start(t, config(authd))
		authd.Kill("jti", "s1")
		authd.Kill("sub", "s1", 9)
		synctest.Wait()
		mustAccept(t, v, authd.Token(fake.JSON{"sid": "s1"}))
	})
}

func TestOfTwoEpochsTheGreaterStands(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		authd.Kill("sub", "u1", 7)
		authd.Kill("sub", "u1", 5)
		v := start(t, config(authd))
		mustRefuse(t, v, authd.Token(fake.JSON{"sub": "u1", "epoch": 6}), verify.ErrRevoked)
		mustAccept(t, v, authd.Token(fake.JSON{"sub": "u1", "epoch": 7}))
	})
}

func TestC19AVerifierThatWasNeverSyncedAcceptsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		authd.Intercept(func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(503); return true })
		v := startCold(t, config(authd))
		for range 100 {
			time.Sleep(time.Second)
			mustRefuse(t, v, authd.Token(nil), verify.ErrNotReady)
		}
		if err := v.Ready(); !errors.Is(err, verify.ErrNotReady) || !bytes.Contains([]byte(err.Error()), []byte("503")) {
			t.Errorf("Ready: got %v, want ErrNotReady and the reason", err)
		}
		authd.Intercept(nil)
		time.Sleep(11 * time.Second)
		mustAccept(t, v, authd.Token(nil))
	})
}

// Keys alone are not enough: without the feed a token may have been dead for minutes.
func TestAVerifierWithKeysAndHalfTheFeedAcceptsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		authd.SetPageSize(1)
		authd.Kill("sid", "s1")
		authd.Kill("sid", "s2")
		released, polls := make(chan struct{}), 0
		authd.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == feedPath {
				if polls++; polls == 2 {
					<-released
				}
			}
			return false
		})
		v := startCold(t, config(authd))
		synctest.Wait()
		mustRefuse(t, v, authd.Token(nil), verify.ErrNotReady)
		close(released)
		synctest.Wait()
		mustAccept(t, v, authd.Token(nil))
		mustRefuse(t, v, authd.Token(fake.JSON{"sid": "s2"}), verify.ErrRevoked)
	})
}

func TestALongFeedIsReadToItsEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		authd.SetPageSize(7)
		for i := range 100 {
			authd.Kill("sid", string(rune('A'+i)))
		}
		v := start(t, config(authd))
		for i := range 100 {
			mustRefuse(t, v, authd.Token(fake.JSON{"sid": string(rune('A' + i))}), verify.ErrRevoked)
		}
		if got := authd.Requests(feedPath); got != 16 { // 15 pages, and the poll that is held
			t.Errorf("got %d requests, want 16", got)
		}
	})
}

func TestC18AVerifierThatIsCutOffBecomesStaleAndHeals(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		v := start(t, config(authd))
		strict, err := v.WithMaxStaleness(10 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		loose, err := v.WithMaxStaleness(5 * time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		cut := time.Now()
		authd.Intercept(answering(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) }))
		raw := func() string { return authd.Token(nil) }
		// The poll that was under way may still bring news of the instant before the cut.
		time.Sleep(10 * time.Second)
		mustAccept(t, v, raw())
		time.Sleep(21 * time.Second)
		mustRefuse(t, strict, raw(), verify.ErrStale)
		mustAccept(t, v, raw())
		time.Sleep(50 * time.Second)
		mustRefuse(t, v, raw(), verify.ErrStale)
		mustAccept(t, loose, raw())
		if err := v.Ready(); !errors.Is(err, verify.ErrStale) || loose.Ready() != nil {
			t.Errorf("Ready: got %v and %v", err, loose.Ready())
		}
		time.Sleep(5*time.Minute - time.Since(cut))
		mustAccept(t, loose, raw())
		time.Sleep(30 * time.Second)
		mustRefuse(t, loose, raw(), verify.ErrStale)
		authd.Kill("sid", "s1")
		authd.Intercept(nil)
		time.Sleep(6 * time.Second)
		mustAccept(t, strict, raw())
		mustRefuse(t, strict, authd.Token(fake.JSON{"sid": "s1"}), verify.ErrRevoked)
	})
}

// The budget is counted from as_of, which an instance that has lost its store cannot move.
func TestAnAuthdThatLostItsStoreMakesVerifiersStale(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		v := start(t, config(authd))
		authd.Freeze()
		time.Sleep(60 * time.Second)
		mustAccept(t, v, authd.Token(nil))
		time.Sleep(time.Millisecond)
		mustRefuse(t, v, authd.Token(nil), verify.ErrStale)
		// C24: the answers are good, and they keep coming. What they do not say is that nothing happened.
		time.Sleep(5 * time.Minute)
		mustRefuse(t, v, authd.Token(nil), verify.ErrStale)
		authd.Thaw()
		time.Sleep(31 * time.Second)
		mustAccept(t, v, authd.Token(nil))
	})
}

// An answer proves what was known when the request was sent, however long it was on its way.
func TestTheBudgetCountsFromTheSendingOfTheRequest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		page := authd.SignPage(0, nil)
		first := true
		authd.Intercept(answering(func(w http.ResponseWriter, r *http.Request) {
			if !first {
				<-r.Context().Done()
				return
			}
			first = false
			hold(r, 4*time.Second)
			_, _ = io.WriteString(w, page)
		}))
		v := start(t, config(authd))
		time.Sleep(56 * time.Second)
		mustAccept(t, v, authd.Token(nil))
		time.Sleep(time.Millisecond)
		mustRefuse(t, v, authd.Token(nil), verify.ErrStale)
	})
}

// unauthentic are pages that are not authd's, or not of now, with a kill in each.
func unauthentic(authd *fake.Authd, old string) map[string]string {
	other := fake.NewKey("ES256")
	payload := encode(authd.Page(0, nil))
	kid := authd.Key().KID
	page := authd.SignPage(0, nil)
	header := func(h string) string { return authd.Key().SignRaw([]byte(h), payload) }
	return map[string]string{
		"C20: an older page":              old,
		"C21: not signed":                 fake.Base64([]byte(`{"alg":"none","kid":"`+kid+`","typ":"authd-revocations+jwt"}`)) + "." + fake.Base64(payload) + ".",
		"C21: plain JSON":                 string(payload),
		"C21: signed by a stranger":       other.Sign("authd-revocations+jwt", payload),
		"C21: under authd's kid":          other.SignRaw([]byte(`{"alg":"ES256","kid":"`+kid+`","typ":"authd-revocations+jwt"}`), payload),
		"C21: another payload":            swapPayload(page, encode(authd.Page(0, fake.JSON{"head": 1}))),
		"C21: cut off":                    page[:len(page)-10],
		"A17: an access token":            authd.Token(nil),
		"A17: typed as an access token":   authd.Key().Sign("at+jwt", payload),
		"A17: typed as anything":          authd.Key().Sign("JWT", payload),
		"A17: not typed":                  header(`{"alg":"ES256","kid":"` + kid + `"}`),
		"a header with more":              header(`{"alg":"ES256","kid":"` + kid + `","typ":"authd-revocations+jwt","crit":["x"]}`),
		"of another issuer":               authd.SignPage(0, fake.JSON{"iss": "https://evil.example.com"}),
		"made two minutes ago":            authd.SignPage(0, fake.JSON{"now": time.Now().Add(-2*time.Minute - time.Millisecond).UnixMilli()}),
		"made in two minutes":             authd.SignPage(0, fake.JSON{"now": time.Now().Add(2*time.Minute + time.Second).UnixMilli()}),
		"without a mark":                  authd.SignPage(0, fake.JSON{"mark": nil}),
		"with a member more":              authd.SignPage(0, fake.JSON{"more": 1}),
		"with an unknown kind":            authd.SignPage(0, fake.JSON{"entries": [][]any{{"all", fake.Digest("x"), 1}}}),
		"that ends before it begins":      authd.SignPage(0, fake.JSON{"to": 0, "from": 1}),
		"larger than any":                 page + string(bytes.Repeat([]byte("A"), 3<<20)),
		"nothing":                         "",
		"a page, and then something more": page + "\n",
	}
}

func TestAPageThatIsNotAuthenticChangesNothing(t *testing.T) {
	for what := range unauthentic(fake.New(), "") {
		t.Run(what, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				authd := fake.New()
				old := authd.SignPage(0, nil)
				time.Sleep(3 * time.Minute)
				v := start(t, config(authd))
				authd.Kill("sid", "s1")
				synctest.Wait()
				mustRefuse(t, v, authd.Token(fake.JSON{"sid": "s1"}), verify.ErrRevoked)
				authd.Intercept(saying(unauthentic(authd, old)[what]))
				authd.Kill("sid", "s2") // ends the poll that is held
				synctest.Wait()
				authd.Kill("sid", "s3")
				time.Sleep(50 * time.Second)
				mustAccept(t, v, authd.Token(fake.JSON{"sid": "s3"}))
				time.Sleep(31 * time.Second)
				mustRefuse(t, v, authd.Token(nil), verify.ErrStale)
				authd.Intercept(nil)
				time.Sleep(6 * time.Second)
				mustRefuse(t, v, authd.Token(fake.JSON{"sid": "s3"}), verify.ErrRevoked)
				mustAccept(t, v, authd.Token(nil))
			})
		})
	}
}

// C20: a page that is authentic, of now, and shown again and again, is news once.
func TestC20APageThatIsReplayedRenewsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		v := start(t, config(authd))
		authd.Intercept(saying(authd.SignPage(0, nil)))
		authd.Kill("sid", "s1")
		time.Sleep(60*time.Second + time.Millisecond)
		mustRefuse(t, v, authd.Token(nil), verify.ErrStale)
	})
}

// An attacker on the wire has a genuine page for everybody who stands at the head. Shown to somebody who
// stands before it, it would hide what lies between.
func TestAPageBehindAGapAddsItsKillsAndRenewsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		v := start(t, config(authd))
		killed := make(chan struct{})
		authd.Intercept(answering(func(w http.ResponseWriter, _ *http.Request) {
			<-killed
			_, _ = io.WriteString(w, authd.SignPage(1, nil))
		}))
		time.Sleep(21 * time.Second) // the poll that was held is over, with the last news for now
		authd.Kill("sid", "hidden")
		authd.Kill("sid", "shown")
		close(killed)
		time.Sleep(24 * time.Second)
		mustRefuse(t, v, authd.Token(fake.JSON{"sid": "shown"}), verify.ErrRevoked)
		mustAccept(t, v, authd.Token(fake.JSON{"sid": "hidden"}))
		time.Sleep(36 * time.Second)
		mustRefuse(t, v, authd.Token(fake.JSON{"sid": "hidden"}), verify.ErrStale)
		authd.Intercept(nil)
		time.Sleep(2 * time.Second)
		mustRefuse(t, v, authd.Token(fake.JSON{"sid": "hidden"}), verify.ErrRevoked)
	})
}

func TestAPageThatBeginsEarlierThanAskedForIsGood(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		authd.Kill("sid", "s1")
		authd.Intercept(answering(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("wait") {
				hold(r, 20*time.Second)
			}
			_, _ = io.WriteString(w, authd.SignPage(0, nil))
		}))
		v := start(t, config(authd))
		time.Sleep(3 * time.Minute)
		mustAccept(t, v, authd.Token(nil))
	})
}

// C17: a cursor that authd does not know costs nothing that was learned.
func TestC17AFollowerThatStartsOverKeepsWhatItHas(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		authd.Kill("sid", "s1")
		authd.Kill("sid", "lost")
		v := start(t, config(authd))
		// A failover that lost the last entry, whose place is then given again.
		authd.Lose(1)
		authd.Kill("sid", "s2")
		synctest.Wait()
		for _, sid := range []string{"s1", "lost", "s2"} {
			mustRefuse(t, v, authd.Token(fake.JSON{"sid": sid}), verify.ErrRevoked)
		}
		mustAccept(t, v, authd.Token(nil))
	})
}

func TestAPlaceThatWasGivenTwiceIsNoticed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		authd.Kill("sid", "lost")
		v := start(t, config(authd))
		authd.Lose(1)
		authd.Kill("sid", "s1")
		// Somebody on the wire answers in authd's place, with a page that authd made for others.
		page := authd.SignPage(1, nil)
		asked := 0
		authd.Intercept(answering(func(w http.ResponseWriter, r *http.Request) {
			if asked++; r.URL.Query().Has("cursor") {
				_, _ = io.WriteString(w, page)
				return
			}
			_, _ = io.WriteString(w, authd.SignPage(0, nil))
		}))
		authd.Kill("sid", "s2")
		time.Sleep(time.Second)
		mustRefuse(t, v, authd.Token(fake.JSON{"sid": "s1"}), verify.ErrRevoked)
	})
}

func TestA410ToWhoHasNoCursorIsAnError(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		authd.Intercept(answering(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }))
		startCold(t, config(authd))
		time.Sleep(time.Minute)
		if got := authd.Requests(feedPath); got > 60 {
			t.Errorf("asked %d times in a minute", got)
		}
	})
}

// C27: a store that was restored has another feed, and its keys of before are not to be believed.
func TestC27AnotherFeedKeepsTheKillsAndFetchesTheKeys(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		authd.Kill("sid", "s1")
		v := start(t, config(authd))
		stolen, raw := authd.Key(), authd.Token(nil)
		mustAccept(t, v, raw)
		authd.SetKeys(fake.NewKey("ES256"), fake.NewKey("ES256"))
		authd.Lose(1)
		authd.Restore()
		time.Sleep(6 * time.Second)
		mustRefuse(t, v, raw, verify.ErrInvalid)
		mustRefuse(t, v, stolen.Sign("at+jwt", encode(authd.Claims(nil))), verify.ErrInvalid)
		mustAccept(t, v, authd.Token(nil))
		mustRefuse(t, v, authd.Token(fake.JSON{"sid": "s1"}), verify.ErrRevoked)
	})
}

func TestKillsAreLetGoWhenBothClocksArePastThem(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		v := start(t, config(authd))
		for _, until := range []time.Duration{time.Minute, time.Minute, time.Hour} {
			authd.KillUntil("sid", until.String(), time.Now().Add(until))
		}
		synctest.Wait()
		if got := v.Status().Kills; got != 2 {
			t.Fatalf("got %d kills, want 2", got)
		}
		time.Sleep(59 * time.Second)
		if got := v.Status().Kills; got != 2 {
			t.Errorf("before their time: got %d kills, want 2", got)
		}
		time.Sleep(time.Minute)
		if got := v.Status().Kills; got != 1 {
			t.Errorf("after their time: got %d kills, want 1", got)
		}
	})
}

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
				if got := authd.Requests(jwksPath); got > 320 {
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

func bubbleIn(t *testing.T, name string, test func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { bubble(t, test) })
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

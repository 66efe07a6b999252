package verify_test

import (
	"io"
	"net/http"
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

func bubbleIn(t *testing.T, name string, test func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { bubble(t, test) })
}

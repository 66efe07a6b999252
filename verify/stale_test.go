package verify_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/verify"
	"github.com/authd/authd/verify/internal/fake"
)

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

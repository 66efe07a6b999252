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

// Although the page came with a key that was known: it may be the only one that is still good.
func TestC27AnotherFeedIsReasonEnoughToFetchTheKeys(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		stolen, kept := authd.Key(), fake.NewKey("ES256")
		authd.SetKeys(stolen, kept)
		v := start(t, config(authd))
		forged := stolen.Sign("at+jwt", encode(authd.Claims(nil)))
		mustAccept(t, v, forged)
		authd.SetKeys(kept)
		authd.Restore()
		time.Sleep(time.Second)
		mustRefuse(t, v, forged, verify.ErrInvalid)
		mustAccept(t, v, authd.Token(nil))
	})
}

package verify_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/verify"
	"github.com/authd/authd/verify/internal/fake"
)

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

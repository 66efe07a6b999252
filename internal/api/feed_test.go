package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
)

// feedPage is what these tests need of a page. Its form is held to the specification where it is made.
type feedPage struct {
	FeedID  string  `json:"feed_id"`
	To      int64   `json:"to"`
	Head    int64   `json:"head"`
	Mark    string  `json:"mark"`
	Entries [][]any `json:"entries"`
}

func (p feedPage) cursor() string { return fmt.Sprintf("%s.%d.%s", p.FeedID, p.To, p.Mark) }

// page reads an answer of /revocations.
func (a answer) page(t testing.TB) (p feedPage) {
	t.Helper()
	if got := a.header.Get("Content-Type"); a.status != http.StatusOK || got != "application/jwt" {
		t.Fatalf("got %d %s: %s", a.status, got, a.body)
	}
	parts := bytes.Split(a.body, []byte("."))
	if len(parts) != 3 {
		t.Fatalf("not a compact JWS: %.80s", a.body)
	}
	text, err := base64.RawURLEncoding.DecodeString(string(parts[1]))
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestALogoutIsInTheFeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := do(t, w, get("/revocations")).page(t)
	p := w.session(t, "ada")
	if a := do(t, w, post("/logout", "").with("Content-Type", "").bearing(p.AccessToken)); a.status != http.StatusNoContent {
		t.Fatalf("logout: got %d", a.status)
	}
	read := w.live.NextPoll()
	w.live.Wake()
	<-read

	after := do(t, w, get("/revocations?wait=30&cursor="+before.cursor())).page(t)
	subject := revocation.SubjectOf(p.SessionID)
	want := base64.RawURLEncoding.EncodeToString(subject[:])
	if len(after.Entries) != 1 || after.Entries[0][0] != "sid" || after.Entries[0][1] != want || after.To != 1 || after.Head != 1 {
		t.Errorf("got %+v, want the kill of %s", after, want)
	}
	head := do(t, w, call{method: http.MethodHead, path: "/revocations?wait=30&cursor=" + after.cursor()}) // at once
	if head.status != http.StatusOK || len(head.body) != 0 {
		t.Errorf("HEAD: got %d with %d bytes", head.status, len(head.body))
	}
}

func TestAPollAsksForNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, query := range []string{"wait=31", "wait=-1", "wait=", "wait", "wait=1s", "wait=01", "wait=+1", "wait=1.5", "wait=%31%20", "wait=99999999999999999999",
		"wait=1&wait=1", "cursor=a&cursor=a", "since=1", "Cursor=a", "cursor=%zz", "wait=1;cursor=a", "limit=5&wait=1", "=1"} {
		do(t, w, get("/revocations?"+query)).problem(t, http.StatusBadRequest, "invalid_request")
	}
	for _, cursor := range []string{"", "a", "a.0.0", "AAAAAAAAAAAAAAAA.0.0000000000000000", "AAAAAAAAAAAAAAAA.7.0123456789abcdef", strings.Repeat("a", 5000)} {
		do(t, w, get("/revocations?wait=30&cursor="+cursor)).problem(t, http.StatusGone, "cursor_unknown")
	}
	do(t, w, get("/revocations?wait=0&")).page(t)
	if a := do(t, w, get("/revocations").with("Origin", "https://evil.example").with("Accept-Encoding", "gzip")); a.header.Get("Content-Encoding") != "" {
		t.Errorf("headers %v", a.header)
	}
}

func TestAFeedThatCannotAnswerSaysNoMore(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	do(t, handler, get("/revocations")).problem(t, http.StatusServiceUnavailable, "temporarily_unavailable")
	handler, _ = brokenHandler(t, broken{err: errors.New("sign: SECRET")})
	if a := do(t, handler, get("/revocations")); strings.Contains(string(a.body), "SECRET") {
		t.Errorf("got %s", a.body)
	} else {
		a.problem(t, http.StatusInternalServerError, "internal_error")
	}
}

// A page of the feed opens nothing, whatever header it comes in (A17).
func TestAPageOpensNoRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := string(do(t, w, get("/revocations")).body)
	do(t, w, get("/me").bearing(token)).problem(t, http.StatusUnauthorized, "invalid_token")
	do(t, w, post("/logout", "").with("Content-Type", "").bearing(token)).problem(t, http.StatusUnauthorized, "invalid_token")
	do(t, w, post("/refresh", `{"refresh_token":"`+token+`"}`)).problem(t, http.StatusUnauthorized, "refresh_token_invalid")
}

// hinting is a feed that does not hold polls.
type hinting struct {
	Feed
	asked chan revocation.Ask
}

func (h hinting) Poll(ctx context.Context, ask revocation.Ask) (revocation.Answer, error) {
	h.asked <- ask
	answer, err := h.Feed.Poll(ctx, revocation.Ask{Beginning: true})
	answer.RetryAfter = 4100 * time.Millisecond
	return answer, err
}

func TestAPollThatIsNotHeldCarriesAHint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	feed := hinting{w.feed, make(chan revocation.Ask, 1)}
	log := &logged{}
	c := broken{}.config(log.logger())
	c.Feed, c.Random = feed, strings.NewReader(strings.Repeat("x", 2000))
	handler, err := New(c)
	must(t, err)
	a := do(t, handler, get("/revocations?wait=30&cursor=AAAAAAAAAAAAAAAA.7.0123456789abcdef"))
	a.page(t)
	if got := a.header.Get("Retry-After"); got != "5" {
		t.Errorf("Retry-After: got %q", got)
	}
	if got, want := <-feed.asked, (revocation.Ask{Cursor: "AAAAAAAAAAAAAAAA.7.0123456789abcdef", Wait: 30 * time.Second}); got != want {
		t.Errorf("asked for %+v, want %+v", got, want)
	}
	do(t, handler, call{method: http.MethodHead, path: "/revocations?wait=30"})
	if got, want := <-feed.asked, (revocation.Ask{Beginning: true}); got != want {
		t.Errorf("HEAD: asked for %+v, want %+v", got, want)
	}
}

// Followers come and go by the thousand. The log has no line for each at the level that people read.
func TestAFollowerThatHangsUpIsNoNews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cursor := do(t, w, get("/revocations")).page(t).cursor()
	hungUp, hangUp := context.WithCancel(t.Context())
	hangUp()
	before := len(w.log.String())
	request := get("/revocations?wait=30&cursor=" + cursor).request(t)
	w.ServeHTTP(httptest.NewRecorder(), request.WithContext(hungUp))
	if line := w.log.String()[before:]; !strings.Contains(line, "/revocations") || !strings.Contains(line, "DEBUG") {
		t.Errorf("the log says %q", line)
	}
	if held := w.feed.Stats().Held; held != 0 {
		t.Errorf("%d polls are held", held)
	}
}

// FuzzAsk holds the reading of a query to the standard library's, and to the one text that a request
// has.
func FuzzAsk(f *testing.F) {
	for _, seed := range []string{"", "wait=30", "cursor=mB3xq0Zt7LwKpR2a.45.9f3c5a7e01d2b684&wait=20", "cursor=", "wait=31", "a=b", "cursor=%41", "wait=1&wait=1",
		"cursor", "&&", ";", "%zz", "wait=%31", "cursor=a+b", "WAIT=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		ask, err := parseAsk(query)
		if err != nil {
			if auth.KindOf(err) != auth.InvalidRequest {
				t.Fatalf("%q: %v", query, err)
			}
			return
		}
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatalf("%q is read, and is no query: %v", query, err)
		}
		if ask.Beginning != !values.Has("cursor") || ask.Cursor != values.Get("cursor") || len(values) > 2 {
			t.Errorf("%q: read as %+v", query, ask)
		}
		if ask.Wait < 0 || ask.Wait > maxWait*time.Second || values.Has("wait") && fmt.Sprint(int(ask.Wait.Seconds())) != values.Get("wait") {
			t.Errorf("%q: waits %v", query, ask.Wait)
		}
		again := url.Values{}
		if !ask.Beginning {
			again.Set("cursor", ask.Cursor)
		}
		again.Set("wait", fmt.Sprint(int(ask.Wait.Seconds())))
		if got, err := parseAsk(again.Encode()); err != nil || got != ask {
			t.Errorf("%q: read as %+v, and written anew as %+v, %v", query, ask, got, err)
		}
	})
}

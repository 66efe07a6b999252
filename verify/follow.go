package verify

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/authd/authd/verify/internal/feed"
	"github.com/authd/authd/verify/internal/jws"
	"github.com/authd/authd/verify/internal/live"
)

const (
	maxWait   = 30 * time.Second // that authd holds a poll
	pollGrace = 5 * time.Second  // for an answer beyond its wait
	pageGrace = 15 * time.Second // for the large pages of catching up
	idlePause = time.Second      // after a page that was answered at once and brought nothing
	minRetry  = 200 * time.Millisecond
	maxRetry  = 5 * time.Second
	// calm is how long the last start over must lie back for another one to be no failure.
	calm = time.Minute

	// largeBuffer is what is not kept from one poll to the next: only catching up needs it.
	largeBuffer = 64 << 10
)

var (
	errPageType    = errors.New("the text is not a page of a feed")
	errPageIssuer  = errors.New("the page is of another issuer")
	errPageTime    = errors.New("the page's time is more than 2 min from this machine's: a replay, or a wrong clock")
	errPageForked  = errors.New("the feed has another history than the one that was read: starting over")
	errPageUnknown = errors.New("authd does not know a cursor that was not sent")
)

// follower reads the feed. Only its run touches it.
type follower struct {
	c        *core
	cursor   feed.Cursor
	feedID   string // of the last page that moved the cursor
	caughtUp bool
	failures int
	restarts int           // since it was calm
	started  time.Time     // over, the last time
	body     []byte        // reused
	payload  []byte        // reused
	kills    []live.Record // reused
}

// run polls until ctx ends.
func (f *follower) run(ctx context.Context) {
	for ctx.Err() == nil {
		pause, err := f.poll(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			pause = max(pause, backoff(f.failures))
			f.failures++
		} else {
			f.failures = 0
		}
		f.c.polled(err)
		if pause > 0 {
			sleep(ctx, pause)
		}
	}
}

// backoff is a random time whose bound doubles with each failure in a row before this one.
func backoff(failures int) time.Duration {
	bound := maxRetry
	if failures < 8 {
		bound = min(maxRetry, minRetry<<failures)
	}
	return rand.N(bound) + 1
}

// poll asks for one page and takes it. It returns how long to wait before the next.
func (f *follower) poll(ctx context.Context) (pause time.Duration, err error) {
	wait, within := time.Duration(0), pageGrace
	if f.caughtUp && f.failures == 0 { // after a failure what is wanted is an answer, whether there is news or not
		wait = f.c.wait()
		within = wait + pollGrace
	}
	a, err := get(ctx, f.c.client, request{url: f.address(wait), within: within, limit: feed.MaxPage, buf: f.body})
	if err != nil {
		return 0, err
	}
	pause = retryAfter(a.header)
	switch a.status {
	case http.StatusOK:
		f.body = a.body
	case http.StatusGone:
		return f.startOver(pause)
	default:
		return pause, &statusError{f.c.feedURL, a.status}
	}
	defer f.release()
	page, err := f.open(ctx, a.body)
	if err != nil {
		return pause, fmt.Errorf("GET %s: %w", f.c.feedURL, err)
	}
	moved, err := f.take(page, a.sent)
	if errors.Is(err, errPageForked) {
		pause, _ = f.startOver(pause)
	}
	if err != nil || moved || pause > 0 || wait > 0 && time.Since(a.sent) >= wait {
		return pause, err
	}
	return idlePause, nil
}

func (f *follower) address(wait time.Duration) string {
	query := make(url.Values, 2)
	if cursor := f.cursor.String(); cursor != "" {
		query.Set("cursor", cursor)
	}
	if wait > 0 {
		query.Set("wait", strconv.Itoa(int(wait/time.Second)))
	}
	if len(query) == 0 {
		return f.c.feedURL
	}
	return f.c.feedURL + "?" + query.Encode()
}

// startOver answers a 410: the cursor goes, everything else stays. Once is no failure and costs no time.
// Two stores behind one address, or somebody on the wire, would have the feed read again and again.
func (f *follower) startOver(pause time.Duration) (time.Duration, error) {
	if f.cursor == (feed.Cursor{}) {
		return pause, errPageUnknown
	}
	f.cursor, f.caughtUp = feed.Cursor{}, false
	if time.Since(f.started) >= calm {
		f.restarts = 0
	}
	if f.restarts++; f.restarts > 1 {
		pause = max(pause, backoff(f.restarts-2))
	}
	f.started = time.Now()
	return pause, nil
}

// open says what a page tells if it is authentic and was made about now.
func (f *follower) open(ctx context.Context, text []byte) (*feed.Page, error) {
	m, err := jws.Parse(text, feed.MaxPage)
	switch {
	case err != nil:
		return nil, err
	case m.Type != feed.Type:
		return nil, errPageType
	}
	key, err := f.c.keys.page(ctx, m.KeyID)
	if err != nil {
		return nil, err
	}
	f.payload, err = m.Open(key, f.payload[:0])
	if err != nil {
		return nil, err
	}
	page, err := feed.Decode(f.payload, f.kills)
	switch {
	case err != nil:
		return nil, err
	case page.Issuer != f.c.issuer:
		return nil, errPageIssuer
	case !plausible(page, time.Now()):
		return nil, errPageTime
	}
	f.kills = page.Kills
	return page, nil
}

// take obeys an authentic page. Its kills are obeyed whatever else is wrong with it, and before it may
// renew the freshness: who reads that instant must find the kills that it speaks of.
func (f *follower) take(page *feed.Page, sent time.Time) (moved bool, err error) {
	for _, kill := range page.Kills {
		if err := f.c.kills.Add(kill); err != nil {
			return false, err
		}
	}
	f.c.keys.kill(page.Keys)
	next, step := f.cursor.Take(page)
	if step == feed.Forked {
		return false, errPageForked
	}
	if step == feed.Elsewhere {
		return false, nil
	}
	moved = next != f.cursor
	if f.feedID != "" && f.feedID != page.FeedID {
		// The store was restored. What its keys signed before may have been forged since. Remembered tokens
		// are of another generation by that; clearing them only gives their memory back.
		f.c.keys.renew()
		f.c.tokens.clear()
	}
	f.cursor, f.feedID = next, page.FeedID
	if f.caughtUp = page.To == page.Head; f.caughtUp {
		f.c.fresh.renew(page, sent)
		f.c.forget()
	}
	return moved, nil
}

// release lets the memory go that catching up needed.
func (f *follower) release() {
	if f.caughtUp && cap(f.body)+cap(f.payload) > largeBuffer {
		f.body, f.payload, f.kills = nil, nil, nil
	}
}

// retryAfter reads for how long authd asks to be left alone. A date is not among what it sends.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 31)
	if err != nil {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxWait)
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

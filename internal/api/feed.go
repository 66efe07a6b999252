package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/authd/authd/internal/revocation"
)

// Feed answers who follows the feed. Errors that a client may learn of are *auth.Error. Whoever gets an
// answer calls its Done.
type Feed interface {
	Poll(ctx context.Context, ask revocation.Ask) (revocation.Answer, error)
}

const (
	maxWait = 30 // seconds
	// pageTime is how long sending a page may take. A reader who is slower keeps it in memory, and can
	// ask again.
	pageTime = 10 * time.Second
)

// revocations answers with a page of the feed, after having held the request if there is nothing new.
func (a *api) revocations(x *exchange, r *http.Request) error {
	ask, err := parseAsk(r.URL.RawQuery)
	if err != nil {
		return err
	}
	if r.Method == http.MethodHead {
		ask.Wait = 0
	}
	answer, err := a.Feed.Poll(r.Context(), ask)
	if err != nil {
		return err
	}
	defer answer.Done()
	if answer.RetryAfter > 0 {
		x.Header().Set("Retry-After", wholeSeconds(answer.RetryAfter))
	}
	// The server's own time for an answer began with the request and may have passed. A ResponseWriter
	// without a connection has no times, and needs none.
	_ = http.NewResponseController(x).SetWriteDeadline(a.Now().Add(pageTime))
	x.send(http.StatusOK, "application/jwt", answer.Token())
	return nil
}

// parseAsk reads a query in which nothing may be that a follower does not send: what was meant for
// another server, or misspelt, must not look like a request for everything.
func parseAsk(query string) (ask revocation.Ask, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return ask, invalidRequest("", "The query is not well-formed.")
	}
	ask.Beginning = true
	for name, given := range values {
		switch {
		case len(given) != 1 || name != "cursor" && name != "wait":
			return ask, invalidRequest("", "The query may have cursor and wait, each once, and nothing else.")
		case name == "cursor":
			ask.Cursor, ask.Beginning = given[0], false
		default:
			if ask.Wait, err = parseWait(given[0]); err != nil {
				return ask, err
			}
		}
	}
	return ask, nil
}

// parseWait reads whole seconds as one writes them.
func parseWait(text string) (time.Duration, error) {
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 0 || seconds > maxWait || strconv.Itoa(seconds) != text {
		return 0, invalidRequest("", "wait is a whole number of seconds, 0 to 30.")
	}
	return time.Duration(seconds) * time.Second, nil
}

package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// newClient makes the client that talks to authd out of the one in the configuration, of which it keeps
// the transport.
//
// It follows no redirect: keys and kills come from where the configuration says, and not from where
// somebody points who could answer there (D15). It has no time limit of its own, because a poll is held
// by the server on purpose; every request has its own.
func newClient(given *http.Client) *http.Client {
	var transport http.RoundTripper
	if given != nil {
		transport = given.Transport
	}
	if shared, ok := http.DefaultTransport.(*http.Transport); ok && transport == nil {
		transport = shared.Clone() // so that what get closes is ours
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answer is what a request brought, as far as the verifier is interested.
type answer struct {
	status int
	header http.Header
	body   []byte // of a 200 only
	sent   time.Time
}

// A request asks authd for something.
type request struct {
	url    string
	header http.Header
	within time.Duration
	limit  int    // of the body
	buf    []byte // its memory is used for the body
}

var errTooLarge = errors.New("the answer is larger than any that authd gives")

func get(ctx context.Context, client *http.Client, q request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, q.within)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, q.url, nil)
	if err != nil {
		return answer{}, err
	}
	if q.header != nil {
		r.Header = q.header
	}
	r.Header.Set("User-Agent", "authd-verify")
	a := answer{sent: time.Now()}
	response, err := client.Do(r)
	if err != nil {
		// A connection of HTTP/2 whose other end is gone would be used again and again, each time until the
		// request's time is over, for as long as the system believes in it. That can be a quarter of an hour.
		client.CloseIdleConnections()
		return answer{}, err
	}
	defer response.Body.Close()
	a.status, a.header = response.StatusCode, response.Header
	if a.status != http.StatusOK {
		_, _ = io.CopyN(io.Discard, response.Body, 4<<10) // so that the connection can be used again
		return a, nil
	}
	a.body, err = readAll(response.Body, q.buf, q.limit)
	if err != nil {
		return answer{}, fmt.Errorf("read the answer of %s: %w", q.url, err)
	}
	return a, nil
}

// readAll is io.ReadAll with a limit, into memory that is there.
func readAll(body io.Reader, buf []byte, limit int) ([]byte, error) {
	for buf = buf[:0]; ; {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, 4<<10)
		}
		n, err := body.Read(buf[len(buf):min(cap(buf), limit+1)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > limit:
			return nil, errTooLarge
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return nil, err
		}
	}
}

// statusError is an answer that should have been another.
type statusError struct {
	url    string
	status int
}

func (e *statusError) Error() string {
	return fmt.Sprintf("GET %s: %d %s", e.url, e.status, http.StatusText(e.status))
}

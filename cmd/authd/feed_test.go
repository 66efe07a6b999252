package main

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/internal/api"
	"github.com/authd/authd/internal/revocation"
)

const (
	emptyFeed   = "AAAAAAAAAAAAAAAA"
	atTheHead   = "/revocations?wait=30&cursor=" + emptyFeed + ".1.0000000000000000"
	longestWait = 30 * time.Second
)

// still is a feed of one place at which nothing happens.
type still struct{}

func (still) View() revocation.View {
	now := time.Now()
	return revocation.View{FeedID: emptyFeed, Seq: 1, Head: 1, AsOf: now, Clock: now, Changed: make(chan struct{})}
}
func (still) Entries(_ int64, _ int, into []revocation.Entry) []revocation.Entry { return into }
func (still) Knows(revocation.Cursor) (known, beyond bool)                       { return true, false }
func (still) AwaitKeyring()                                                      {}
func (still) NextPoll() <-chan struct{}                                          { return make(chan struct{}) }
func (still) Check(revocation.Token) revocation.Verdict                          { return revocation.Alive }

// wordy signs pages that are too long for the buffers of a connection.
type wordy struct{ signed atomic.Int64 }

func (*wordy) Published(string) bool { return true }

func (w *wordy) SignPage(into []byte, _ time.Time, _ []byte) ([]byte, string, error) {
	w.signed.Add(1)
	return append(into, make([]byte, 1<<20)...), "kid", nil
}

// noSessions stand for those of routes that are not asked.
type (
	sessions   = api.Sessions
	noSessions struct{ sessions }
)

// unasked configures routes that nobody asks. Whoever does gives them what they need.
func unasked() api.Config {
	return api.Config{
		Accounts: struct{ api.Accounts }{}, Sessions: noSessions{}, Clients: struct{ api.Clients }{}, Grants: struct{ api.Grants }{},
		Keys: struct{ api.Keys }{}, Feed: struct{ api.Feed }{}, Issuer: "https://issuer.test", Audience: []string{"x"},
		JWKSMaxAge: 5 * time.Minute, Contract: []byte("x"), Ready: func(context.Context) error { return nil },
		Logger: slog.New(slog.DiscardHandler), Now: time.Now, Random: rand.Reader,
	}
}

// serveFeed runs a web server with a feed, as serve does.
func serveFeed(t *testing.T) (*running, *revocation.Feed) {
	t.Helper()
	feed, err := revocation.NewFeed(revocation.FeedConfig{Live: still{}, Signer: &wordy{}, Issuer: "https://issuer.test", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	config := unasked()
	config.Feed = feed
	handler, err := api.New(config)
	if err != nil {
		t.Fatal(err)
	}
	r := startWeb(t, nil)
	r.open(handler)
	go func() { _ = untilStopped(r.asked, r.parts, feed.Run) }()
	synctest.Wait()
	return r, feed
}

// A poll may be held longer than any other answer may take to begin, and its page is sent whole.
func TestAHeldPollOutlivesTheTimesOfOtherAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, _ := serveFeed(t)
		began := time.Now()
		for range 2 { // on one connection
			response, err := r.client.Get("http://authd" + atTheHead)
			if err != nil {
				t.Fatalf("after %v: %v", time.Since(began), err)
			}
			body, err := io.ReadAll(response.Body)
			if err != nil || len(body) != 1<<20 || response.StatusCode != http.StatusOK || response.Header.Get("Retry-After") != "" {
				t.Errorf("got %d with %d bytes, %v", response.StatusCode, len(body), err)
			}
		}
		if took := time.Since(began); took != 2*longestWait {
			t.Errorf("two polls took %v", took)
		}
	})
}

// Whoever is held learns at once that he has to go elsewhere, and delays no stop.
func TestHeldPollsEndAtOnceWhenTheServerStops(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		end  func(r *running)
		most time.Duration
	}{
		"by a signal":  {func(r *running) { r.stop(stopped{syscall.SIGTERM}) }, noticeTime + time.Second},
		"by a failure": {func(r *running) { r.fail() }, time.Second},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r, feed := serveFeed(t)
				const followers = 20
				answered := make(chan string, followers)
				for range followers {
					go func() {
						response, err := r.client.Get("http://authd" + atTheHead)
						if err != nil {
							answered <- err.Error()
							return
						}
						_, _ = io.Copy(io.Discard, response.Body)
						answered <- response.Header.Get("Retry-After")
					}()
				}
				synctest.Wait()
				if held := feed.Stats().Held; held != followers {
					t.Errorf("%d polls are held", held)
				}
				began := time.Now()
				c.end(r)
				for range followers {
					if got := <-answered; got != "1" {
						t.Errorf("answered with %q", got)
					}
				}
				if took := time.Since(began); took > 0 {
					t.Errorf("they were let go after %v", took)
				}
				r.client.CloseIdleConnections()
				if err := <-r.ended; err != nil || time.Since(began) > c.most {
					t.Errorf("stopped after %v: %v", time.Since(began), err)
				}
			})
		})
	}
}

// A reader that takes nothing is cut after the time that a page has, and frees it.
func TestAReaderThatTakesNothingIsCut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, _ := serveFeed(t)
		conn, err := r.client.Transport.(*http.Transport).DialContext(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET /revocations HTTP/1.1\r\nHost: authd\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		time.Sleep(11 * time.Second)
		if n, err := io.Copy(io.Discard, conn); n >= 1<<20 {
			t.Errorf("after %v it could read on: %d bytes, %v", time.Since(began), n, err)
		}
	})
}

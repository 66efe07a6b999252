//go:build unix

package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"time"
)

// pollWait is for how long a poll asks to be held, in seconds: longer than anything here takes.
const pollWait = "30"

// pollers are followers of the feed that do nothing but wait for its next page.
type pollers struct {
	url    string
	count  int
	client *http.Client

	cancel context.CancelFunc // of the polls that are held
	pages  chan polled
}

// polled is the answer to one poll.
type polled struct {
	sum  [sha256.Size]byte // of the page: no two signatures by ECDSA are equal
	at   time.Time
	news bool // it has entries
	err  error
}

// page is the part of a page that a cursor is made from.
type page struct {
	FeedID  string `json:"feed_id"`
	To      int64  `json:"to"`
	Head    int64  `json:"head"`
	Mark    string `json:"mark"`
	Entries []any  `json:"entries"`
}

func newPollers(instance string, count int) *pollers {
	return &pollers{url: instance + "/revocations", count: count, client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: count}, Timeout: patience}}
}

// ask sends a poll from the head of the feed for each poller and returns when all have been sent.
func (p *pollers) ask(ctx context.Context) error {
	cursor, err := p.head(ctx)
	if err != nil {
		return err
	}
	address := p.url + "?cursor=" + url.QueryEscape(cursor) + "&wait=" + pollWait
	ctx, p.cancel = context.WithCancel(ctx)
	p.pages = make(chan polled, p.count)
	var sent sync.WaitGroup
	for range p.count {
		sent.Add(1)
		done := sync.OnceFunc(sent.Done)
		traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			WroteRequest: func(httptrace.WroteRequestInfo) { done() },
		})
		go func() {
			body, got, err := p.get(traced, address)
			done()
			p.pages <- polled{sha256.Sum256(body), time.Now(), len(got.Entries) > 0, err}
		}()
	}
	sent.Wait()
	return nil
}

// head follows the feed to its end and returns the cursor there.
func (p *pollers) head(ctx context.Context) (cursor string, err error) {
	for {
		address := p.url
		if cursor != "" {
			address += "?cursor=" + url.QueryEscape(cursor)
		}
		_, got, err := p.get(ctx, address)
		if err != nil {
			return "", err
		}
		cursor = fmt.Sprintf("%s.%d.%s", got.FeedID, got.To, got.Mark)
		if got.To == got.Head {
			return cursor, nil
		}
	}
}

func (p *pollers) get(ctx context.Context, address string) (body []byte, got page, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, got, err
	}
	response, err := p.client.Do(r)
	if err != nil {
		return nil, got, err
	}
	defer response.Body.Close()
	if body, err = io.ReadAll(response.Body); err != nil {
		return nil, got, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, got, fmt.Errorf("GET %s: %d %s", address, response.StatusCode, body)
	}
	_, rest, _ := strings.Cut(string(body), ".")
	payload, _, _ := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return nil, got, err
	}
	return body, got, json.Unmarshal(text, &got)
}

// answers waits for every poller and counts different pages.
func (p *pollers) answers() (pages int, last time.Time, err error) {
	defer p.cancel()
	different := make(map[[sha256.Size]byte]bool)
	for range p.count {
		each := <-p.pages
		if each.err == nil && !each.news {
			each.err = errors.New("a held poll was answered without news")
		}
		err = errors.Join(err, each.err)
		different[each.sum] = true
		if each.at.After(last) {
			last = each.at
		}
	}
	return len(different), last, err
}

// giveUp ends the polls that are held, because of err.
func (p *pollers) giveUp(err error) error {
	p.cancel()
	for range p.count {
		<-p.pages
	}
	return err
}

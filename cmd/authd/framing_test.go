package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// answersTo is what a web server answers to bytes on one connection: a status for each answer, and close
// when it asked for the end of the connection.
func answersTo(t *testing.T, sent string) (got string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var words []string
		for _, a := range startWeb(t, nil).send(t, sent) {
			word := fmt.Sprint(a.StatusCode)
			if a.Close {
				word += " close"
			}
			words = append(words, word)
		}
		got = strings.Join(words, ", ")
	})
	return got
}

const hidden = "GET /hidden HTTP/1.1\r\nHost: authd\r\n\r\n"

// F13: of what two servers in a row may read in two ways, nothing is done, and nothing behind it is read
// as a request of this connection (RFC 9112, sections 2.2, 5.2 and 6).
func TestARequestThatTwoServersMayReadInTwoWaysIsRefused(t *testing.T) {
	t.Parallel()
	const start, chunks = "POST / HTTP/1.1\r\nHost: authd\r\n", "5\r\nabcde\r\n0\r\n\r\n"
	for claim, c := range map[string]struct{ sent, want string }{
		"a length":                      {start + "Content-Length: 5\r\n\r\nabcde" + hidden, "200, 200"},
		"no body":                       {start + "\r\n" + hidden + hidden, "200, 200, 200"},
		"a body that looks like one":    {start + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(hidden)) + hidden, "200"},
		"chunks":                        {start + "Transfer-Encoding: chunked\r\n\r\n" + chunks + hidden, "200 close"},
		"chunks with extensions":        {start + "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nabcde\r\n0\r\n\r\n" + hidden, "200 close"},
		"chunks and a length":           {start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + hidden, "400 close"},
		"a length and chunks":           {start + "Transfer-Encoding: chunked\r\nContent-Length: 15\r\n\r\n" + chunks + hidden, "400 close"},
		"chunks and a length, in case":  {start + "CONTENT-LENGTH: 5\r\ntransfer-encoding: chunked\r\n\r\n" + chunks + hidden, "400 close"},
		"two lengths":                   {start + "Content-Length: 5\r\nContent-Length: 0\r\n\r\nabcde" + hidden, "400 close"},
		"two lengths that are one":      {start + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde" + hidden, "400 close"},
		"a list of lengths":             {start + "Content-Length: 5, 5\r\n\r\nabcde" + hidden, "400 close"},
		"a length with a sign":          {start + "Content-Length: +5\r\n\r\nabcde" + hidden, "400 close"},
		"a length in hex":               {start + "Content-Length: 0x5\r\n\r\nabcde" + hidden, "400 close"},
		"a length before a space":       {start + "Content-Length : 5\r\n\r\nabcde" + hidden, "400 close"},
		"a coding before a space":       {start + "Transfer-Encoding : chunked\r\n\r\n" + chunks + hidden, "400 close"},
		"a coding twice":                {start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + hidden, "501 close"},
		"chunks by another name":        {start + "Transfer-Encoding: xchunked\r\n\r\n" + chunks + hidden, "501 close"},
		"chunks inside of something":    {start + "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunks + hidden, "501 close"},
		"no coding, by name":            {start + "Transfer-Encoding: identity\r\n\r\n" + hidden, "501 close"},
		"a coding behind a tabulator":   {start + "Transfer-Encoding: \vchunked\r\n\r\n" + chunks + hidden, "400 close"},
		"a folded line":                 {start + "X: a\r\n b\r\n\r\n" + hidden, "400 close"},
		"a folded length":               {start + "Content-Length:\r\n 5\r\n\r\nabcde" + hidden, "400 close"},
		"a folded coding":               {start + "Transfer-Encoding:\r\n\tchunked\r\n\r\n" + chunks + hidden, "400 close"},
		"lines that end in LF":          {"GET / HTTP/1.1\nHost: authd\n\n" + hidden, "400 close"},
		"one line that ends in LF":      {start + "X: a\nContent-Length: 5\r\n\r\nabcde" + hidden, "400 close"},
		"an end in LF":                  {start + "\n" + hidden, "400 close"},
		"a line that ends in CR":        {start + "X: a\rY: b\r\n\r\n" + hidden, "400 close"},
		"chunks of HTTP/1.0":            {"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + hidden, "400 close"},
		"HTTP/1.0 that wants to stay":   {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + hidden, "200 close"},
		"a name before a space":         {start + "X : a\r\n\r\n" + hidden, "400 close"},
		"a name that is none":           {start + "X\x00: a\r\n\r\n" + hidden, "400 close"},
		"a value with NUL":              {start + "X: a\x00\r\n\r\n" + hidden, "400 close"},
		"two hosts":                     {start + "Host: other\r\n\r\n" + hidden, "400 close"},
		"no host":                       {"GET / HTTP/1.1\r\n\r\n" + hidden, "400 close"},
		"behind a good one, a fold":     {start + "\r\n" + start + "X: a\r\n b\r\n\r\n" + hidden, "200, 400 close"},
		"behind a body, lengths":        {start + "Content-Length: 5\r\n\r\nabcde" + start + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n" + hidden, "200, 400 close"},
		"an upgrade to HTTP/2 (F14)":    {start + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n", "200"},
		"the preface of HTTP/2 (F14)":   {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + hidden, "505 close"},
		"HTTP/2 without preface":        {"GET / HTTP/2.0\r\nHost: authd\r\n\r\n" + hidden, "505 close"},
		"a hundred lines (F10)":         {start + strings.Repeat("X: a\r\n", maxLines-1) + "\r\n", "200"},
		"a hundred and one (F10)":       {start + strings.Repeat("X: a\r\n", maxLines) + "\r\n" + hidden, "431 close"},
		"16 KiB of header (F10)":        {start + "X: " + strings.Repeat("a", maxHeader-len(start)-len("X: \r\n\r\n")) + "\r\n\r\n", "200"},
		"more than that (F10)":          {start + "X: " + strings.Repeat("a", maxHeader) + "\r\n\r\n" + hidden, "431 close"},
		"a megabyte in one field (F10)": {start + "Authorization: " + strings.Repeat("a", 1<<20), "431 close"},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			if got := answersTo(t, c.sent); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// Whoever refuses in the place of net/http says as little.
func TestARefusalSaysNothingOfWhoRefuses(t *testing.T) { // F22
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := startWeb(t, nil).send(t, "GET / HTTP/1.1\r\nHost: authd\r\nX: a\r\n b\r\n\r\n")[0]
		a.Header.Del("Date")
		for name, want := range map[string]string{"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Length": "15"} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
			a.Header.Del(name)
		}
		if len(a.Header) != 0 {
			t.Errorf("further headers: %v", a.Header)
		}
	})
}

// FuzzFraming holds two things against each other: however the bytes arrive, the same is seen in them;
// and a section that nothing is wrong with ends where net/http says that it does.
func FuzzFraming(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET",
		"GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", "GET / HTTP/1.1\r\n\r\r\n\r\n", "\r\nGET",
		"POST / HTTP/1.1\r\nHost: a\r\ntransfer-Encoding: chunked\r\nContent-length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n\x00\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n:\r\n \r\n\r\nx",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		var whole, bytewise section
		end, ended := whole.take(sent)
		n, last := 0, false
		for n < len(sent) && !last {
			_, last = bytewise.take(sent[n : n+1])
			n++
		}
		if n != end || last != ended || bytewise != whole {
			t.Fatalf("%q: at once %+v to %d, %v; bytewise %+v to %d, %v", sent, whole, end, ended, bytewise, n, last)
		}
		reader := bufio.NewReaderSize(bytes.NewReader(sent), len(sent)+16)
		r, err := http.ReadRequest(reader)
		if err != nil || !ended || whole.fault(r) != 0 {
			return // one of the two refuses it
		}
		if got := len(sent) - reader.Buffered(); got != end {
			t.Fatalf("%q: the header ends at %d for net/http, and at %d here", sent, got, end)
		}
	})
}

//go:build unix

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// hidden follows on the same connection: that it is answered shows that the server went on reading. It
// ends the connection.
const hidden = "GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"

// door is one of the two listeners, and a request that has its body read there.
type door struct {
	addr   string
	posted string // all of its header but how long the body is
	token  string // as a line
}

// onBothListeners starts authd, and does the same to the listener of users and to that of operators while
// others are served.
func onBothListeners(t *testing.T, act func(t *testing.T, d door)) {
	t.Helper()
	d := onSQLite(t)
	p := d.start(t)
	token := "Authorization: Bearer " + d.adminToken(t) + "\r\n"
	const json = " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
	whileOthersAreServed(t, p, func() {
		act(t, door{addr: p.addr, posted: "POST /login" + json})
		act(t, door{addr: p.admin, posted: "POST /admin/users" + json + token, token: token})
	})
}

// wantCutOff checks that one answer came, and with it the end of the connection.
func wantCutOff(t *testing.T, what string, replies []reply, status int) {
	t.Helper()
	if got, want := statuses(replies), fmt.Sprint(status); got != want {
		t.Errorf("%s: got %s, want %s and the end of the connection", what, got, want)
		return
	}
	r := replies[0]
	if kind := r.Header.Get("Content-Type"); kind != "text/plain; charset=utf-8" && kind != "application/problem+json" {
		t.Errorf("%s: Content-Type: got %q", what, kind)
	}
	if telling := fmt.Sprint(r.Header) + r.text; !r.Close || r.Header.Get("Server") != "" || strings.Contains(telling, "go1.") {
		t.Errorf("%s: closed: %v, %s; want the end of the connection, and nothing about who is there", what, r.Close, telling)
	}
}

// F13: a request that two servers in a row may read in two ways is refused, and whatever is hidden behind
// it is no request.
func TestF13NothingIsHiddenInARequest(t *testing.T) {
	t.Parallel()
	const body = `{"username":"nobody","password":"correct horse battery"}`
	const chunked = "Transfer-Encoding: chunked\r\n"
	length := fmt.Sprintf("Content-Length: %d\r\n", len(body))
	chunks := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	onBothListeners(t, func(t *testing.T, d door) {
		for what, shape := range map[string]struct {
			sent   string
			status int
		}{
			"a length and chunks":       {length + chunked + "\r\n" + chunks, 400},
			"two lengths":               {length + "Content-Length: 0\r\n\r\n" + body, 400},
			"the same length twice":     {length + length + "\r\n" + body, 400},
			"a chunk's line ends in LF": {chunked + "\r\n" + strings.Replace(chunks, "\r\n", "\n", 1), 400},
			"a chunk ends in LF":        {chunked + "\r\n" + strings.Replace(chunks, "}\r\n", "}\n", 1), 400},
			"an extension with LF":      {chunked + "\r\n" + strings.Replace(chunks, "\r\n", ";a\nb\r\n", 1), 400},
			"a size with a sign":        {chunked + "\r\n+" + chunks, 400},
			"a size too large":          {chunked + "\r\nffffffffffffffff" + chunks, 400},
			"a folded line":             {"X: a\r\n b\r\n" + length + "\r\n" + body, 400},
			"a folded coding":           {"Transfer-Encoding:\r\n chunked\r\n\r\n" + chunks, 400},
			"a line that ends in LF":    {"X: a\n" + length + "\r\n" + body, 400},
			"a coding in disguise":      {"Transfer-Encoding: xchunked\r\n\r\n" + chunks, 501},
			"a coding before a space":   {"Transfer-Encoding : chunked\r\n\r\n" + chunks, 400},
			"a name that is none":       {"X\x01: a\r\n" + length + "\r\n" + body, 400},
			"a value with a NUL":        {"X: a\x00b\r\n" + length + "\r\n" + body, 400},
			"a second host":             {"Host: 127.0.0.2\r\n" + length + "\r\n" + body, 400},
		} {
			wantCutOff(t, what, converse(t, d.addr, d.posted+shape.sent+hidden), shape.status)
		}
		old := strings.Replace(d.posted, "HTTP/1.1", "HTTP/1.0", 1) + "Connection: keep-alive\r\n"
		wantCutOff(t, "chunks of HTTP/1.0", converse(t, d.addr, old+chunked+"\r\n"+chunks+hidden), 400)
		if got := statuses(converse(t, d.addr, strings.Replace(hidden, "close", "keep-alive", 1)+hidden)); got != "200 200" {
			t.Errorf("two good requests on one connection: got %s", got)
		}
	})
}

// F1: a body that is too long, in whatever clothes, costs its connection, and is not read to its end.
func TestF1ALongBodyCostsItsConnection(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 17<<10)
	onBothListeners(t, func(t *testing.T, d door) {
		wantCutOff(t, "a length", converse(t, d.addr, d.posted+fmt.Sprintf("Content-Length: %d\r\n\r\n", len(long))+long+hidden), 413)
		wantCutOff(t, "a length beyond all", converse(t, d.addr, d.posted+"Content-Length: 9223372036854775807\r\n\r\n"+long+hidden), 413)
		wantCutOff(t, "chunks", converse(t, d.addr, d.posted+fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(long), long)+hidden), 413)
		replies := converse(t, d.addr, d.posted+"Content-Encoding: gzip\r\nContent-Length: 2\r\nConnection: close\r\n\r\n\x1f\x8b")
		if got := statuses(replies); got != "415" {
			t.Errorf("gzip: got %s, want 415", got)
		}
	})
}

// F10: a header has 16 KiB and a hundred fields.
func TestF10AHeaderWithoutEndIsRefused(t *testing.T) {
	t.Parallel()
	const start = "GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n"
	onBothListeners(t, func(t *testing.T, d door) {
		for what, sent := range map[string]string{
			"a megabyte of Authorization": start + "Authorization: Bearer " + strings.Repeat("a", 1<<20) + "\r\n\r\n",
			"five hundred fields":         start + strings.Repeat("X: a\r\n", 500) + "\r\n",
			"a long name":                 start + strings.Repeat("X", 20<<10) + ": a\r\n\r\n",
			"a long path":                 "GET /" + strings.Repeat("x", 20<<10) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
		} {
			wantCutOff(t, what, converse(t, d.addr, sent+hidden), 431)
		}
		full := start + "Connection: close\r\nX: " + strings.Repeat("a", 16<<10-len(start)-len("Connection: close\r\nX: \r\n\r\n")) + "\r\n\r\n"
		if got := statuses(converse(t, d.addr, full)); got != "200" {
			t.Errorf("16 KiB: got %s, want 200", got)
		}
	})
}

// F14: HTTP/2 is not spoken, so its floods have nobody to flood. A client that knows beforehand that it is
// gets a refusal in HTTP/1.1, and one that asks for it stays with HTTP/1.1.
func TestF14NoHTTP2IsSpoken(t *testing.T) {
	t.Parallel()
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	settings := "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	// A stream that is opened and reset at once, and a header that goes on and on.
	reset := strings.Repeat("\x00\x00\x01\x01\x05\x00\x00\x00\x01\x82"+"\x00\x00\x04\x03\x00\x00\x00\x00\x01\x00\x00\x00\x08", 10_000)
	endless := "\x00\x00\x01\x01\x00\x00\x00\x00\x01\x82" + strings.Repeat("\x00\x00\x04\x09\x00\x00\x00\x00\x01\x00\x01a\x00", 10_000)
	onBothListeners(t, func(t *testing.T, d door) {
		for what, frames := range map[string]string{"settings": settings, "rapid resets": settings + reset, "endless headers": settings + endless,
			"odd frames": "\xff\xff\xff\xff\xff\xff\xff\xff\xff", "a request of HTTP/1.1": hidden} {
			wantCutOff(t, what, converse(t, d.addr, preface+frames), 505)
		}
		upgrade := strings.Replace(hidden, "close", "Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA", 1)
		replies := converse(t, d.addr, upgrade)
		if statuses(replies) != "200" || replies[0].ProtoMajor != 1 || replies[0].Header.Get("Upgrade") != "" {
			t.Errorf("an upgrade: got %s, want 200 of HTTP/1.1", statuses(replies))
		}
		transport := &http.Transport{Protocols: new(http.Protocols)}
		transport.Protocols.SetUnencryptedHTTP2(true)
		defer transport.CloseIdleConnections()
		response, err := (&http.Client{Transport: transport, Timeout: patience}).Get("http://" + d.addr + "/livez")
		if err == nil {
			response.Body.Close()
			t.Errorf("a client of HTTP/2 got %s over %s", response.Status, response.Proto)
		}
	})
}

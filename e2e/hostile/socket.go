//go:build unix

package main

import (
	"fmt"
	"strings"
)

// shape is what goes over a connection of its own and is no right HTTP, or right and rare. ID stands for the
// request's id, HOST for the listener, INNER for a request that nobody may answer.
type shape struct {
	name, text string
	answers    int // at most
}

const (
	get   = "GET /livez HTTP/1.1\r\nHost: HOST\r\nX-Request-Id: ID\r\n"
	post  = "POST /login HTTP/1.1\r\nHost: HOST\r\nX-Request-Id: ID\r\nContent-Type: application/json\r\n"
	inner = "GET /livez HTTP/1.1\r\nHost: HOST\r\nX-Request-Id: smuggled-ID\r\n\r\n"
)

// sockets are the ways in which two readers of one connection have disagreed (F13), and noise. Their bodies are
// none that /login takes, so nothing is done where one is read.
var sockets = []shape{
	{"length and chunks", post + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX", 1},
	{"chunks and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nINNER", 1},
	{"length, chunks and a request", post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nINNER", 1},
	{"chunks after a blank", post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\nINNER", 1},
	{"chunks after a tab", post + "Transfer-Encoding:\tchunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\nINNER", 1},
	{"chunks, folded", post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\nINNER", 1},
	{"chunks twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nINNER", 1},
	{"chunks and identity", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\nINNER", 1},
	{"chunks in a list", post + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\nINNER", 1},
	{"gzip and chunks", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\nINNER", 1},
	{"xchunked", post + "Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nINNER", 1},
	{"chunked with NUL", post + "Transfer-Encoding: chunked\x00\r\n\r\n0\r\n\r\nINNER", 1},
	{"chunked with a vertical tab", post + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\nINNER", 1},
	{"a coding in quotes", post + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\nINNER", 1},
	{"an empty coding", post + "Transfer-Encoding:\r\nContent-Length: 0\r\n\r\nINNER", 1},
	{"two lengths", post + "Content-Length: 0\r\nContent-Length: 60\r\n\r\nINNER", 1},
	{"two lengths in one", post + "Content-Length: 0, 60\r\n\r\nINNER", 1},
	{"a length with a sign", post + "Content-Length: +0\r\n\r\nINNER", 1},
	{"a length below nothing", post + "Content-Length: -1\r\n\r\nINNER", 1},
	{"a length in hex", post + "Content-Length: 0x0\r\n\r\nINNER", 1},
	{"a length in words", post + "Content-Length: none\r\n\r\nINNER", 1},
	{"an empty length", post + "Content-Length:\r\n\r\nINNER", 1},
	{"a length beyond numbers", post + "Content-Length: 99999999999999999999\r\n\r\nINNER", 1},
	{"a length with a blank", post + "Content-Length: 0 0\r\n\r\nINNER", 1},
	{"a length of another spelling", post + "Content_Length: 60\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nINNER", 1},
	{"a body that ends early", post + "Content-Length: 600\r\n\r\n{\"username\":", 1},
	{"chunks that end early", post + "Transfer-Encoding: chunked\r\n\r\n20\r\n{", 1},
	{"chunks without their end", post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", 1},
	{"a chunk of bare lines", post + "Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\nINNER", 1},
	{"a chunk with an extension", post + "Transfer-Encoding: chunked\r\n\r\n2;a=\"\n\"\r\n{}\r\n0\r\n\r\nINNER", 1},
	{"a chunk with a long extension", post + "Transfer-Encoding: chunked\r\n\r\n2;" + strings.Repeat("a", 9000) + "\r\n{}\r\n0\r\n\r\n", 1},
	{"a chunk in hex twice", post + "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\nINNER", 1},
	{"a chunk below nothing", post + "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\nINNER", 1},
	{"a chunk beyond numbers", post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\nINNER", 1},
	{"a chunk longer than it says", post + "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\nINNER", 1},
	{"a chunk of nothing", post + "Transfer-Encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\nINNER", 1},
	{"a thousand chunks", post + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1\r\n \r\n", 1000) + "0\r\n\r\n", 1},
	{"trailers that decide", post + "Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n2\r\n{}\r\n0\r\nAuthorization: Bearer x\r\nContent-Length: 5\r\n\r\n", 1},
	{"folded headers", get + "X-A: b\r\n c\r\n\tTransfer-Encoding: chunked\r\n\r\n", 1},
	{"a header that begins with a blank", "GET /livez HTTP/1.1\r\n Host: HOST\r\nHost: HOST\r\n\r\n", 1},
	{"a blank before the colon", get + "X-A : b\r\n\r\n", 1},
	{"no colon", get + "X-A\r\n\r\n", 1},
	{"no name", get + ": b\r\n\r\n", 1},
	{"NUL in a name", get + "X-\x00A: b\r\n\r\n", 1},
	{"NUL in a value", get + "X-A: b\x00c\r\n\r\n", 1},
	{"a bare CR in a value", get + "X-A: b\rTransfer-Encoding: chunked\r\n\r\n", 1},
	{"bare lines", strings.ReplaceAll(get, "\r\n", "\n") + "\n", 1},
	{"bare CRs", strings.ReplaceAll(get, "\r\n", "\r") + "\r", 1},
	{"a name that is no token", get + "X(A): b\r\n\r\n", 1},
	{"a name in another alphabet", get + "X-é: b\r\n\r\n", 1},
	{"no Host", "GET /livez HTTP/1.1\r\n\r\n", 1},
	{"two Hosts", get + "Host: evil.example\r\n\r\n", 1},
	{"a Host that is no host", "GET /livez HTTP/1.1\r\nHost: a b/../c?d#e\r\n\r\n", 1},
	{"another Host in the line", "GET http://evil.example/livez HTTP/1.1\r\nHost: HOST\r\nX-Request-Id: ID\r\nConnection: close\r\n\r\n", 1},
	{"another scheme", "GET ftp://HOST/livez HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", 1},
	{"an address of a user", "GET http://a:b@HOST/livez HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", 1},
	{"no path", "GET  HTTP/1.1\r\nHost: HOST\r\n\r\n", 1},
	{"an asterisk", "GET * HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", 1},
	{"a fragment", "GET /livez#a HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", 1},
	{"a backslash", "GET \\livez HTTP/1.1\r\nHost: HOST\r\n\r\n", 1},
	{"blanks in the line", "GET /livez  HTTP/1.1\r\nHost: HOST\r\n\r\n", 1},
	{"tabs in the line", "GET\t/livez\tHTTP/1.1\r\nHost: HOST\r\n\r\n", 1},
	{"a blank line first", "\r\n\r\n" + get + "Connection: close\r\n\r\n", 1},
	{"CONNECT", "CONNECT HOST HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", 1},
	{"CONNECT elsewhere", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\nConnection: close\r\n\r\n", 1},
	{"no method", " /livez HTTP/1.1\r\nHost: HOST\r\n\r\n", 1},
	{"a method that is no token", "G(T /livez HTTP/1.1\r\nHost: HOST\r\n\r\n", 1},
	{"HTTP/0.9", "GET /livez\r\n", 1},
	{"HTTP/1.0", "GET /livez HTTP/1.0\r\n\r\n", 1},
	{"HTTP/1.0 with chunks", "POST /login HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\nINNER", 1},
	{"HTTP/1.2", "GET /livez HTTP/1.2\r\nHost: HOST\r\nConnection: close\r\n\r\n", 1},
	{"HTTP/2.0", "GET /livez HTTP/2.0\r\nHost: HOST\r\n\r\n", 1},
	{"HTTP/9.9", "GET /livez HTTP/9.9\r\nHost: HOST\r\n\r\n", 1},
	{"no HTTP", "GET /livez ICY/1.1\r\nHost: HOST\r\n\r\n", 1},
	{"HTTP/2 without asking", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", 1},
	{"h2c", get + "Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", 1},
	{"a long line", "GET /" + strings.Repeat("a", 30_000) + " HTTP/1.1\r\nHost: HOST\r\n\r\n", 1},
	{"long headers", get + "X-A: " + strings.Repeat("b", 40_000) + "\r\n\r\n", 1},
	{"many headers", get + strings.Repeat("X-A: b\r\n", 4000) + "\r\n", 1},
	{"a header that does not end", get + "X-A: " + strings.Repeat("b", 3000), 1},
	{"half a line", "GET /live", 1},
	{"nothing", "", 0},
	{"a body to a GET", get + "Content-Length: 2\r\nConnection: close\r\n\r\n{}", 1},
	{"a request in the body of a GET", get + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nINNER", 1},
	{"Expect", post + "Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", 1},
	{"Expect something else", post + "Expect: 200-ok\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", 1},
	{"two in a row", get + "\r\n" + get + "Connection: close\r\n\r\n", 2},
	{"a row after a refusal", "POST /login HTTP/1.1\r\nHost: HOST\r\nX-Request-Id: ID\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}" + get + "Connection: close\r\n\r\n", 2},
	{"TLS", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + strings.Repeat("\x42", 150), 1},
	{"SSH", "SSH-2.0-OpenSSH_9.2\r\n", 1},
	{"Redis", "*1\r\n$7\r\nCOMMAND\r\n", 1},
	{"SMTP", "EHLO evil.example\r\n", 1},
	{"NULs", strings.Repeat("\x00", 200), 1},
	{"high bytes", strings.Repeat("\xff", 200), 1},
}

// socket makes the request one of the shapes.
func (d *draft) socket() {
	s := pick(d, sockets)
	host := d.cast.public
	if d.op.admin {
		host = d.cast.private
	}
	d.method = "GET"
	text := strings.ReplaceAll(s.text, "INNER", inner)
	text = strings.NewReplacer("HOST", host, "ID", fmt.Sprintf("hostile-%d", d.number)).Replace(text)
	d.raw, d.answers = []byte(text), s.answers
	d.did("socket", s.name, false)
}

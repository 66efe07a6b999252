package api

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// raw sends text over a connection of its own and returns the answer, held to the contract, with
// whether the server closed the connection after it. At most limit bytes of rest follow while the
// server listens: a client that does not stop by itself.
func raw(t *testing.T, handler http.Handler, text string, rest io.Reader) (a answer, closed bool) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second)) // a hang is a failure, not a wait
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(conn, rest) }() // ends with the connection
	reader := bufio.NewReader(conn)
	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(reader, request)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.Close && !request.Close { // ReadResponse took the header out
		response.Header.Set("Connection", "close")
	}
	mustContract(t).check(t, request, nil, response, body)
	_, err = reader.ReadByte()
	return answer{response.StatusCode, response.Header, body}, err != nil && !strings.Contains(err.Error(), "timeout")
}

const head = "POST /login HTTP/1.1\r\nHost: authd\r\nContent-Type: application/json\r\n"

// endless is a JSON string that never ends, in chunks.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	const chunk = "4\r\naaaa\r\n"
	return copy(b, strings.Repeat(chunk, max(1, len(b)/len(chunk)))), nil
}

func TestABodyWithoutEndCostsItsConnection(t *testing.T) { // F1, E19
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	for name, test := range map[string]struct {
		text string
		rest io.Reader
	}{
		"a length of a gigabyte, not sent": {head + "Content-Length: 1073741824\r\n\r\n", strings.NewReader("")},
		"one byte too many":                {head + "Content-Length: 16385\r\n\r\n" + strings.Repeat(" ", maxBody+1), strings.NewReader("")},
		"chunks without end":               {head + "Transfer-Encoding: chunked\r\n\r\n1\r\n\"\r\n", endless{}},
		"expecting 100 first": {head + "Content-Length: 1073741824\r\nExpect: 100-continue\r\n\r\n",
			strings.NewReader("")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, closed := raw(t, handler, test.text, test.rest)
			a.problem(t, http.StatusRequestEntityTooLarge, "body_too_large")
			if !closed {
				t.Error("the connection is still open")
			}
		})
	}
}

func TestABodyThatEndsEarlyIsNotRead(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	a, _ := raw(t, handler, head+"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\n{}\r\n0\r\n\r\n", strings.NewReader(""))
	a.problem(t, http.StatusBadRequest, "invalid_request")
}

func TestAnEmptyBodyInChunksIsNone(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	text := "POST /logout HTTP/1.1\r\nHost: authd\r\nAuthorization: Bearer x\r\nConnection: close\r\n" +
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
	if a, _ := raw(t, handler, text, strings.NewReader("")); a.status != http.StatusNoContent {
		t.Errorf("got %d %s", a.status, a.body)
	}
}

func TestARequestLineMayHoldTheAbsoluteForm(t *testing.T) { // F15, F17; RFC 9112, section 3.2.2
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	for line, want := range map[string]int{
		"GET http://evil.example/livez":  http.StatusOK,
		"GET http://evil.example//livez": http.StatusNotFound,
		"GET http://evil.example":        http.StatusOK, // the root
		"CONNECT evil.example:443":       http.StatusMethodNotAllowed,
	} {
		a, _ := raw(t, handler, fmt.Sprintf("%s HTTP/1.1\r\nHost: authd\r\nConnection: close\r\n\r\n", line), strings.NewReader(""))
		if a.status != want || a.header.Get("Location") != "" {
			t.Errorf("%s: got %d %v, want %d", line, a.status, a.header, want)
		}
	}
}

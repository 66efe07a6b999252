package api

import (
	"net/http"
	"net/netip"
	"strconv"

	"github.com/go-json-experiment/json"
)

// An exchange is one request's answer on its way out. It is the ResponseWriter of everything behind
// the front, and remembers for the log what became of the request. One goroutine owns it.
type exchange struct {
	http.ResponseWriter
	id     string     // of the request, in the header, in problems and in the log
	ids    [1]string  // the header's value: id alone
	client netip.Addr // who is held to account; none on a Unix socket
	route  string     // the pattern that matched; empty if none did
	oauth  bool       // an error is one of RFC 6749, not a problem
	quiet  bool       // a success is of no interest to the log
	status int        // 0 until the head is written
	code   string     // of the problem, if the answer is one
	cause  error      // for the log alone
	stack  []byte     // of a panic
}

func (x *exchange) WriteHeader(status int) {
	if x.status == 0 {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	return x.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// counted is the length from which on net/http does not count a body by itself, but sends chunks.
const counted = 2 << 10

// send writes a whole answer. A client that hung up is no error of ours, so there is none to return.
func (x *exchange) send(status int, mediaType string, body []byte) {
	x.sendText(status, []string{mediaType}, body)
}

// sendText is send for who has the header's value ready.
func (x *exchange) sendText(status int, mediaType []string, body []byte) {
	h := x.Header()
	h["Content-Type"] = mediaType
	if len(body) >= counted { // a ninth header would make the map grow: key fetches have eight
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	x.WriteHeader(status)
	_, _ = x.Write(body)
}

// sendJSON writes value, which is one of the wire types.
func (x *exchange) sendJSON(status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	x.send(status, mediaJSON, line(body))
	return nil
}

// line ends a body as a line, for the person whose terminal shows it.
func line(body []byte) []byte { return append(body, '\n') }

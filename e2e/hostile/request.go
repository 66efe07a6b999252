//go:build unix

package main

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// mark stands in what was sent and must never come back, neither in an answer nor in the log.
const mark = "hostile7mark"

// field is a name and a value as they are sent: of a header, a query, a form or a JSON object.
type field struct{ name, value string }

// request is what is sent, and what is known of it.
type request struct {
	number uint64
	op     *operation

	method, target string
	headers        []field
	body           []byte
	hasBody        bool
	chunked        bool
	raw            []byte // if set, all of it is this
	answers        int    // of raw: how many answers it may have

	id       string   // its X-Request-Id, which must come back; empty if it has none that is right
	spoiled  []string // what was done to it, as class: name
	refused  bool     // a success would be a fault
	large    bool     // longer than anything that authd reads
	owners   []string // what a success may change: ids of users, clients, sessions and tokens that are in it
	account  *account // whose tokens are in it
	secrets  []string // credentials in it, which must not come back
	insiders bool
	lost     bool // its path is nobody's
}

// header sets a header, in the place of what was there.
func (r *request) header(name, value string) {
	r.drop(name)
	r.headers = append(r.headers, field{name, value})
}

func (r *request) drop(name string) {
	kept := r.headers[:0:0]
	for _, h := range r.headers {
		if !strings.EqualFold(h.name, name) {
			kept = append(kept, h)
		}
	}
	r.headers = kept
}

// bytes is the request as it goes over the wire.
func (r *request) bytes() []byte {
	if r.raw != nil {
		return r.raw
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", r.method, r.target)
	for _, h := range r.headers {
		b.WriteString(h.name + ": " + h.value + "\r\n")
	}
	switch {
	case r.hasBody && r.chunked:
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		half := len(r.body) / 2
		for _, chunk := range [][]byte{r.body[:half], r.body[half:]} {
			if len(chunk) > 0 {
				fmt.Fprintf(&b, "%x\r\n%s\r\n", len(chunk), chunk)
			}
		}
		b.WriteString("0\r\n\r\n")
	case r.hasBody:
		b.WriteString("Content-Length: " + strconv.Itoa(len(r.body)) + "\r\n\r\n")
		b.Write(r.body)
	default:
		b.WriteString("\r\n")
	}
	return b.Bytes()
}

// long reports whether authd may hang up before it has read everything. The answer may then be lost: the system
// ends a connection at once on which something came that nobody read.
func (r *request) long() bool {
	const read = 4 << 10 // at once
	return r.large || len(r.bytes()) >= read
}

// classes are the parts of the request that were spoiled.
func (r *request) classes() (all []string) {
	for _, s := range r.spoiled {
		if class, _, _ := strings.Cut(s, ": "); !slices.Contains(all, class) {
			all = append(all, class)
		}
	}
	if len(all) == 0 {
		return []string{"nothing"}
	}
	return all
}

// String shows the request to whoever has to understand it.
func (r *request) String() string {
	return fmt.Sprintf("request %d to %s, spoiled by %q, to be refused: %t\n%q",
		r.number, r.op.id, r.spoiled, r.refused, clip(r.bytes(), 1500))
}

func clip(b []byte, most int) []byte {
	if len(b) > most {
		return append(bytes.Clone(b[:most]), fmt.Sprintf("… and %d bytes more", len(b)-most)...)
	}
	return b
}

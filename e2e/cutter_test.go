//go:build unix

package e2e

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
)

// moment is when a connection is cut.
type moment int32

const (
	never         moment = iota
	beforeTheEnd         // the statement has been passed on, what ends its transaction has not
	withTheAnswer        // the server has answered, and its answer has not been passed on
)

// cutter stands between authd and PostgreSQL. It passes everything on until it is armed; then it cuts
// the connection, by a reset, on which sessions are written next.
type cutter struct {
	addr   string
	target string
	armed  atomic.Int32 // a moment
	cuts   atomic.Int32 // how many there were
}

func newCutter(t *testing.T, database string) *cutter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	c := &cutter{addr: listener.Addr().String(), target: parseURL(t, database).Host}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go c.serve(client.(*net.TCPConn))
		}
	}()
	return c
}

// arm makes the next write of a session the last message of its connection.
func (c *cutter) arm(when moment) { c.armed.Store(int32(when)) }

func (c *cutter) serve(client *net.TCPConn) {
	defer client.Close()
	server, err := net.Dial("tcp", c.target)
	if err != nil {
		return
	}
	defer server.Close()
	w := &wire{cutter: c, client: client, server: server, writes: make(map[string]bool)}
	go w.answers()
	w.requests()
}

// wire is one connection through a cutter.
type wire struct {
	*cutter
	client *net.TCPConn
	server net.Conn
	writes map[string]bool // names of prepared statements that write sessions
	doomed atomic.Int32    // the moment of its end, once that is settled
}

var errCut = errors.New("cut")

// requests passes on what authd says: a first message without a type, then messages with one
// (PostgreSQL's documentation, chapter 55.7).
func (w *wire) requests() {
	err := w.pass(0)
	for err == nil {
		err = w.pass(1)
	}
	if errors.Is(err, errCut) {
		w.cut()
	}
	_ = w.server.(*net.TCPConn).CloseWrite()
}

// pass reads one message with a type of so many bytes and sends it on.
func (w *wire) pass(typed int) error {
	header := make([]byte, typed+4)
	if _, err := io.ReadFull(w.client, header); err != nil {
		return err
	}
	body := make([]byte, max(4, binary.BigEndian.Uint32(header[typed:]))-4)
	if _, err := io.ReadFull(w.client, body); err != nil {
		return err
	}
	if typed > 0 {
		w.look(header[0], body)
		if header[0] == 'S' && moment(w.doomed.Load()) == beforeTheEnd {
			return errCut
		}
	}
	_, err := w.server.Write(append(header, body...))
	return err
}

// look remembers which names stand for statements that write sessions, and dooms the connection when
// one of them is executed while the cutter is armed.
func (w *wire) look(kind byte, body []byte) {
	first, rest, _ := bytes.Cut(body, []byte{0})
	second, _, _ := bytes.Cut(rest, []byte{0})
	switch kind {
	case 'P': // Parse: name, text
		w.writes[string(first)] = strings.Contains(string(second), "update sessions")
	case 'B': // Bind: portal, name
		if w.writes[string(second)] {
			if when := w.armed.Swap(int32(never)); when != int32(never) {
				w.doomed.Store(when)
			}
		}
	}
}

// answers passes on what the server says.
func (w *wire) answers() {
	buffer := make([]byte, 32<<10)
	for {
		n, err := w.server.Read(buffer)
		if n > 0 && moment(w.doomed.Load()) == withTheAnswer {
			w.cut()
			return
		}
		if _, writing := w.client.Write(buffer[:n]); err != nil || writing != nil {
			_ = w.client.CloseWrite()
			return
		}
	}
}

func (w *wire) cut() {
	w.cuts.Add(1)
	_ = w.client.SetLinger(0) // by a reset
	_ = w.client.Close()
}

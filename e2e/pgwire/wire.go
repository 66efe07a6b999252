package pgwire

import (
	"io"
	"maps"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
)

// Wire is a listener whose connections lead to PostgreSQL.
type Wire struct {
	listener net.Listener
	server   string
	waited   atomic.Int64

	mu         sync.Mutex     // guards statements
	statements map[string]int // how often each was executed, by its text
}

// Open listens on a free port of this machine, for the server of a database URL.
func Open(database string) (*Wire, error) {
	u, err := url.Parse(database)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &Wire{listener: l, server: u.Host, statements: make(map[string]int)}
	go w.accept()
	return w, nil
}

// URL is that of a database of the server, by way of the wire.
func (w *Wire) URL(database string) (string, error) {
	u, err := url.Parse(database)
	if err != nil {
		return "", err
	}
	u.Host = w.listener.Addr().String()
	return u.String(), nil
}

// Waited is how many messages were sent so far after which the client waits for an answer.
func (w *Wire) Waited() int64 { return w.waited.Load() }

// Statements is how often each statement was executed so far, by its text.
func (w *Wire) Statements() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.statements)
}

func (w *Wire) executed(statement string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.statements[statement]++
}

// Close takes no more connections. Those that there are end with their clients.
func (w *Wire) Close() error { return w.listener.Close() }

func (w *Wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		go w.pass(client)
	}
}

func (w *Wire) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", w.server)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		defer client.Close()
		_, _ = io.Copy(client, server) // whoever is cut off sees it
	}()
	_, _ = io.Copy(server, io.TeeReader(client, &counter{wire: w, prepared: make(map[string]string)}))
}

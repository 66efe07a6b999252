//go:build unix

package e2e

import (
	"net"
	"sync"
	"testing"
	"time"
)

// path is a way over TCP that can be blocked, which whoever goes over it cannot tell from a slow network:
// connections stay open, new ones are accepted, and nothing arrives. It can lead elsewhere from one
// moment to the next, as a balancer does when a process has died.
type path struct {
	addr string

	mu     sync.Mutex
	target string        // guarded by mu; empty: connections are closed at once
	clear  chan struct{} // guarded by mu; closed while it is not blocked
	conns  map[net.Conn]bool
	closed bool // guarded by mu
}

func newPath(t testing.TB, target string) *path {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &path{addr: listener.Addr().String(), target: target, clear: make(chan struct{}), conns: make(map[net.Conn]bool)}
	close(p.clear)
	t.Cleanup(func() {
		_ = listener.Close()
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		p.unblock()
		p.lead("")
	})
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(conn)
		}
	}()
	return p
}

// block lets nothing pass any more, in either direction.
func (p *path) block() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear = make(chan struct{})
}

// unblock lets everything pass, and what was held back first.
func (p *path) unblock() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.clear:
	default:
		close(p.clear)
	}
}

// lead sends new connections to another target and ends those that there are.
func (p *path) lead(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
	for conn := range p.conns {
		_ = conn.Close()
	}
}

// wait returns when the path is clear.
func (p *path) wait() {
	p.mu.Lock()
	clear := p.clear
	p.mu.Unlock()
	<-clear
}

func (p *path) keep(conn net.Conn, kept bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !kept {
		delete(p.conns, conn)
	} else if p.conns[conn] = true; p.closed {
		_ = conn.Close()
	}
}

func (p *path) serve(client net.Conn) {
	defer client.Close()
	p.keep(client, true)
	defer p.keep(client, false)
	p.wait()
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	if target == "" {
		return
	}
	server, err := net.DialTimeout("tcp", target, time.Second)
	if err != nil {
		return
	}
	defer server.Close()
	p.keep(server, true)
	defer p.keep(server, false)
	go p.pass(server, client)
	p.pass(client, server)
}

// pass copies one direction, and ends the other when it ends.
func (p *path) pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		p.wait()
		if _, writing := to.Write(buffer[:n]); err != nil || writing != nil {
			return
		}
	}
}

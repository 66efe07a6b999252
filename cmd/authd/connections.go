package main

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// bounds are how many connections a listener keeps open. A socket costs whoever opens it nothing, and
// here a file and some memory, so without a bound anybody could use up all of them (F2).
type bounds struct {
	most int // of all; 0: no bound
	each int // of one address; 0: no bound
	// shared reports that many clients come from an address, as from a proxy, which has no bound of its
	// own. Nil: none does.
	shared func(netip.Addr) bool
	// opened hears by how many more are open. It may be nil, and must not block.
	opened func(change int)
	// met hears each time that a bound was met, and what became of it. It may be nil, and must not block.
	met func(outcome string)
}

// What becomes of a connection where a bound is met.
const (
	forRoom     = "room"    // it had waited longest, and there were as many as there may be
	forAddress  = "address" // the same, among those of its own address
	addressBusy = "busy"    // it was new, and its address has as many as it may, all with a request
	allBusy     = "full"    // none: all have a request, and a new one has to wait
)

// tellOfBounds is how often it is said that a bound was met, which anybody can cause.
const tellOfBounds = time.Minute

// connections is a listener that makes room for a new connection by closing the one that has been
// without a request longest: who sends nothing loses what he has to who sends something. One with a
// request is never closed; when all have one, new connections wait in the kernel's queue.
type connections struct {
	net.Listener
	bounds
	log *slog.Logger

	mu      sync.Mutex // guards all that follows, and the same of connections
	changed *sync.Cond // one fewer is open, one more waits, or the listener is closed
	open    int
	waiting queue
	peers   map[netip.Prefix]*peer
	over    bool
	told    time.Time // when it was last said that a bound was met
}

// peer is an address, or a network as one subscriber has it.
type peer struct {
	open    int
	waiting queue
}

func bound(listener net.Listener, b bounds, log *slog.Logger) *connections {
	l := &connections{Listener: listener, bounds: b, log: log, peers: map[netip.Prefix]*peer{}, waiting: queue{of: ofAll}}
	l.changed = sync.NewCond(&l.mu)
	return l
}

// Accept returns the next connection that there is room for.
func (l *connections) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &connection{Conn: conn, of: l, from: l.peerOf(conn)}
		if l.admit(c) {
			return c, nil
		}
		_ = conn.Close()
	}
}

// Close ends Accept, one that waits for room included.
func (l *connections) Close() error {
	l.mu.Lock()
	l.over = true
	l.changed.Broadcast()
	l.mu.Unlock()
	return l.Listener.Close()
}

// peerOf is whose bound a connection counts under. An IPv6 network of 64 bits is given to one subscriber.
func (l *connections) peerOf(conn net.Conn) (p netip.Prefix) {
	from, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return p
	}
	address, bits := from.Addr().Unmap().WithZone(""), 64
	if l.shared != nil && l.shared(address) {
		return p
	}
	if address.Is4() {
		bits = 32
	}
	p, _ = address.Prefix(bits) // fails only for more bits than there are
	return p
}

// admit lets c in, as soon as there is room for it, or refuses it.
func (l *connections) admit(c *connection) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if l.over {
			return false
		}
		if p := l.peers[c.from]; p != nil && l.each > 0 && p.open >= l.each {
			if !l.closeFirst(&p.waiting, forAddress) {
				l.tell(addressBusy)
				return false
			}
		}
		if l.most == 0 || l.open < l.most {
			l.add(c)
			return true
		}
		if !l.closeFirst(&l.waiting, forRoom) {
			l.tell(allBusy)
			l.changed.Wait()
		}
	}
}

func (l *connections) add(c *connection) {
	l.change(+1)
	if c.from.IsValid() {
		p := l.peers[c.from]
		if p == nil {
			p = &peer{waiting: queue{of: ofPeer}}
			l.peers[c.from] = p
		}
		c.peer = p
		p.open++
	}
	l.wait(c)
}

// closeFirst closes the first of those that wait, if there is one.
func (l *connections) closeFirst(waiting *queue, outcome string) bool {
	c := waiting.first
	if c == nil {
		return false
	}
	l.remove(c)
	_ = c.Conn.Close()
	l.tell(outcome)
	return true
}

func (l *connections) tell(outcome string) {
	if l.met != nil {
		l.met(outcome)
	}
	if now := time.Now(); l.told.IsZero() || now.Sub(l.told) >= tellOfBounds {
		l.told = now
		l.log.Warn("a bound on connections was met", "address", l.Addr().String(), "outcome", outcome, "open", l.open, "bound", l.most, "bound_of_a_peer", l.each)
	}
}

func (l *connections) wait(c *connection) {
	c.waits = true
	l.waiting.push(c)
	if c.peer != nil {
		c.peer.waiting.push(c)
	}
	l.changed.Signal()
}

func (l *connections) unwait(c *connection) {
	if !c.waits {
		return
	}
	c.waits = false
	l.waiting.remove(c)
	if c.peer != nil {
		c.peer.waiting.remove(c)
	}
}

func (l *connections) remove(c *connection) {
	if c.gone {
		return
	}
	c.gone = true
	l.unwait(c)
	l.change(-1)
	if c.peer != nil {
		if c.peer.open--; c.peer.open == 0 {
			delete(l.peers, c.from)
		}
	}
	l.changed.Signal()
}

// state follows what net/http says of connections. That a request has come the connection knows earlier,
// so of that nothing is made here: each request would wait for the lock once more.
func (l *connections) state(conn net.Conn, state http.ConnState) {
	if state == http.StateNew || state == http.StateActive {
		return
	}
	c := conn.(*connection)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case state != http.StateIdle: // closed, or another's
		l.remove(c)
	case !c.gone && !c.waits:
		l.wait(c)
	}
}

func (l *connections) change(by int) {
	l.open += by
	if l.opened != nil {
		l.opened(by)
	}
}

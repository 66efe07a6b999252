package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// bounded is a web server with bounds, and clients that come from where they say.
type bounded struct {
	*webServer
	*pipes
	release chan struct{} // closed: /slow is answered
	served  chan string   // the addresses whose request reached the handler
	met     map[string]int
	open    int
	written bytes.Buffer // its log
}

func startBounded(t *testing.T, b bounds) *bounded {
	s := &bounded{pipes: newPipes(), release: make(chan struct{}), served: make(chan string, 100), met: map[string]int{}}
	// Both are called under one lock, and read when everybody waits.
	b.met = func(outcome string) { s.met[outcome]++ }
	b.opened = func(change int) { s.open += change }
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.served <- r.RemoteAddr
		if r.URL.Path == "/slow" {
			<-s.release
		}
		_, _ = io.WriteString(w, "done")
	})
	s.webServer = newWebServer(handler, slog.New(slog.NewTextHandler(&s.written, &slog.HandlerOptions{Level: slog.LevelWarn})))
	s.bounds = b
	parts := t.Context()
	ended := make(chan error, 1)
	go func() { ended <- s.run(parts, parts, s.pipes) }()
	t.Cleanup(func() {
		_ = s.pipes.Close()
		_ = s.server.Close()
		<-ended
	})
	return s
}

// away is a connection that comes from an address.
type away struct {
	net.Conn
	from net.Addr
}

func (a away) RemoteAddr() net.Addr { return a.from }

// guest is the client's side.
type guest struct {
	net.Conn
	from string
}

func (s *bounded) connect(t *testing.T, from string) *guest {
	t.Helper()
	ours, theirs := net.Pipe()
	select {
	case s.conns <- away{theirs, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from))}:
	case <-time.After(time.Hour):
		t.Fatalf("%s: nobody accepts", from)
	}
	synctest.Wait()
	t.Cleanup(func() { _ = ours.Close() })
	return &guest{ours, from}
}

// send writes and waits until everybody waits. A connection that is closed takes nothing.
func (g *guest) send(text string) {
	go func() { _, _ = io.WriteString(g.Conn, text) }()
	synctest.Wait()
}

// ask sends a request and reads its answer.
func (g *guest) ask(t *testing.T) {
	t.Helper()
	g.send("GET / HTTP/1.1\r\nHost: authd\r\n\r\n")
	g.wantAnswer(t)
}

func (g *guest) wantAnswer(t *testing.T) {
	t.Helper()
	answer := make([]byte, 4<<10)
	_ = g.SetReadDeadline(time.Now().Add(time.Second))
	n, err := g.Read(answer)
	if !strings.HasPrefix(string(answer[:n]), "HTTP/1.1 200") {
		t.Errorf("%s: got %q, %v; want an answer", g.from, answer[:n], err)
	}
	synctest.Wait()
}

// wantOpen checks the state of a connection that nothing is to be read from.
func (g *guest) wantOpen(t *testing.T, want bool) {
	t.Helper()
	_ = g.SetReadDeadline(time.Now().Add(time.Nanosecond))
	n, err := g.Read(make([]byte, 1))
	var timeout net.Error
	if open := errors.As(err, &timeout) && timeout.Timeout(); open != want || n != 0 {
		t.Errorf("%s: got %d bytes and %v; want open: %v", g.from, n, err, want)
	}
}

// F2: sockets that say nothing cannot keep out who says something.
func TestTheConnectionThatWaitedLongestMakesRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startBounded(t, bounds{most: 4})
		silent, half, idle, fresh := s.connect(t, "192.0.2.1:1"), s.connect(t, "192.0.2.2:1"), s.connect(t, "192.0.2.3:1"), s.connect(t, "192.0.2.4:1")
		half.send("GET / HTTP/1.1\r\nHost: authd\r\nX: ")
		fresh.ask(t)
		time.Sleep(time.Second)
		idle.ask(t)
		for _, c := range []struct {
			from   string
			closed *guest
		}{{"192.0.2.5:1", silent}, {"192.0.2.6:1", half}, {"192.0.2.7:1", fresh}, {"192.0.2.8:1", idle}} {
			c.closed.wantOpen(t, true)
			s.connect(t, c.from).ask(t)
			c.closed.wantOpen(t, false)
		}
		if s.open != 4 || s.met[forRoom] != 4 || len(s.met) != 1 {
			t.Errorf("%d are open, and it was told of %v", s.open, s.met)
		}
	})
}

// F2: no matter how full it is, who is being served is served.
func TestAConnectionWithARequestIsNeverClosedForAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startBounded(t, bounds{most: 2})
		slow, body := s.connect(t, "192.0.2.1:1"), s.connect(t, "192.0.2.2:1")
		slow.send("GET /slow HTTP/1.1\r\nHost: authd\r\n\r\n")
		body.send("POST /slow HTTP/1.1\r\nHost: authd\r\nContent-Length: 5\r\n\r\na")
		late := s.connect(t, "192.0.2.3:1")
		late.send("GET / HTTP/1.1\r\nHost: authd\r\n\r\n")
		if len(s.served) != 2 || s.met[allBusy] != 1 {
			t.Errorf("%d requests are served, and it was told of %v; want the third to wait", len(s.served), s.met)
		}
		for _, g := range []*guest{slow, body, late} {
			g.wantOpen(t, true)
		}
		close(s.release)
		slow.wantAnswer(t)
		late.wantAnswer(t) // one is without a request now
		body.send("bcde")
		body.wantAnswer(t)
	})
}

// F2: one address has its share and no more, and pays for more with what is its own.
func TestAnAddressMakesRoomForItself(t *testing.T) {
	t.Parallel()
	for claim, c := range map[string]struct{ one, two, third string }{
		"IPv4":              {"192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3"},
		"a network of IPv6": {"[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::ffff:0:0:3]:1"},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := startBounded(t, bounds{most: 4, each: 2})
				other := s.connect(t, "198.51.100.1:1")
				one, two := s.connect(t, c.one), s.connect(t, c.two)
				third := s.connect(t, c.third)
				other.wantOpen(t, true)
				one.wantOpen(t, false)
				two.send("GET /slow HTTP/1.1\r\nHost: authd\r\n\r\n")
				third.send("GET /slow HTTP/1.1\r\nHost: authd\r\n\r\n")
				s.connect(t, c.one).wantOpen(t, false)
				other.ask(t)
				s.connect(t, "[2001:db9::1]:1").ask(t)
				if s.met[forAddress] != 1 || s.met[addressBusy] != 1 || len(s.met) != 2 || s.open != 4 {
					t.Errorf("%d are open, and it was told of %v", s.open, s.met)
				}
				close(s.release)
				two.wantAnswer(t)
				third.wantAnswer(t)
			})
		})
	}
}

func TestAProxyHasTheConnectionsOfAllItsClients(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		proxy := netip.MustParseAddr("10.0.0.7")
		s := startBounded(t, bounds{most: 3, each: 1, shared: func(a netip.Addr) bool { return a == proxy }})
		first := s.connect(t, "10.0.0.7:1")
		s.connect(t, "[::ffff:10.0.0.7]:2").ask(t)
		s.connect(t, "10.0.0.7:3").ask(t)
		first.wantOpen(t, true)
		s.connect(t, "10.0.0.7:4").ask(t)
		first.wantOpen(t, false)
	})
}

func TestConnectionsThatEndAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startBounded(t, bounds{most: 3, each: 2})
		for range 10 {
			left, hung, refused := s.connect(t, "192.0.2.1:1"), s.connect(t, "192.0.2.2:1"), s.connect(t, "192.0.2.3:1")
			left.ask(t)
			_ = left.Close()
			hung.send("GET")
			refused.send("\x00\r\n\r\n")
			for _, g := range []*guest{refused, hung} {
				_, _ = io.Copy(io.Discard, g)
			}
			synctest.Wait()
		}
		if s.open != 0 {
			t.Errorf("%d are open after all have ended", s.open)
		}
	})
}

// Between the closing of a connection and the whole header of a request on it there is a moment. Nobody
// would hear the answer, so nothing may be done.
func TestARequestOnAConnectionThatWasClosedIsNotServed(t *testing.T) {
	t.Parallel()
	l := bound(newPipes(), bounds{most: 1}, slog.New(slog.DiscardHandler))
	first, second := &connection{Conn: away{Conn: pipe(t)}, of: l}, &connection{Conn: away{Conn: pipe(t)}, of: l}
	if !l.admit(first) || !l.admit(second) {
		t.Fatal("there was room")
	}
	if first.begin() {
		t.Error("a request on a closed connection begins")
	}
	if !second.begin() {
		t.Error("a request on an open connection does not begin")
	}
	l.state(first, http.StateIdle)
	l.state(first, http.StateClosed)
	l.state(first, http.StateClosed)
	if l.open != 1 || l.waiting.first != nil || l.waiting.last != nil {
		t.Errorf("%d are open, one waits: %v; want one with a request", l.open, l.waiting.first != nil)
	}
}

func pipe(t *testing.T) net.Conn {
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _ = ours.Close() })
	return theirs
}

func TestAListenerThatIsFullCanBeClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startBounded(t, bounds{most: 1})
		s.connect(t, "192.0.2.1:1").send("GET /slow HTTP/1.1\r\nHost: authd\r\n\r\n")
		waiting := s.connect(t, "192.0.2.2:1")
		_ = s.server.Close()
		synctest.Wait()
		waiting.wantOpen(t, false)
		close(s.release)
	})
}

func TestAnOperatorHearsOnceAMinuteThatABoundWasMet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startBounded(t, bounds{most: 1})
		for range 121 {
			s.connect(t, "192.0.2.1:1")
			time.Sleep(time.Second)
		}
		if got := strings.Count(s.written.String(), "a bound on connections was met"); got != 2 {
			t.Errorf("it was said %d times in two minutes:\n%s", got, s.written.String())
		}
	})
}

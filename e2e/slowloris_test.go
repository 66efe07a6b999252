//go:build unix

package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// socketsName is the variable that asks for more sockets than the few that a test run has time for, such
// as 10000. Each is a file of this process.
const socketsName = "E2E_SOCKETS"

// fewFiles is what authd may have open in these tests: 172 connections, and 129 from one address.
const fewFiles = 300

func socketsToOpen(t testing.TB) int {
	t.Helper()
	given := os.Getenv(socketsName)
	if given == "" {
		return 2 * fewFiles
	}
	n, err := strconv.Atoi(given)
	if err != nil {
		t.Fatalf("%s: %v", socketsName, err)
	}
	return n
}

// slowWays are how a client begins and then takes its time, and the least that it sends meanwhile.
var slowWays = []struct{ begin, drip string }{
	{"", ""},
	{"GET /livez HTTP/1.1\r\nHost: authd\r\nX: ", "a"},
	{"GET /livez HTTP/1.1\r\nHost: authd\r\n", ""},
}

// slowBody has a whole header, so it is a request that is being served, until its time is up.
const slowBody = "POST /login HTTP/1.1\r\nHost: authd\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n{"

// F2: many times more sockets than there is room for, from many addresses, which send nothing, or a byte
// now and then, for ever.
func TestF2SlowSocketsFromEverywhereKeepNobodyOut(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for ten seconds, as the slow do")
	}
	t.Parallel()
	d := onSQLite(t)
	d.files = fewFiles
	p := d.start(t)
	whileOthersAreServed(t, p, func() {
		slow := crowdOf(t)
		for i := range socketsToOpen(t) {
			way := slowWays[i%len(slowWays)]
			slow.open(p.addr, fmt.Sprintf("127.0.%d.%d", 1+i/200%50, 1+i%200), way.begin, way.drip)
		}
		for i := range fewFiles / 6 { // a third of the room
			slow.open(p.addr, fmt.Sprintf("127.0.%d.1", 100+i), slowBody, "a")
		}
		slow.wantCut(t)
	})
	p.await(t, "a bound on connections was met")
}

// F2: one address cannot take more than its share, even with requests that are under way.
func TestF2SlowBodiesFromOneAddressKeepNobodyOut(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for ten seconds, as the slow do")
	}
	t.Parallel()
	d := onSQLite(t)
	d.files = fewFiles
	p := d.start(t)
	whileOthersAreServed(t, p, func() {
		slow := crowdOf(t)
		for range socketsToOpen(t) {
			slow.open(p.addr, "127.0.0.2", slowBody, "a")
		}
		slow.wantCut(t)
	})
	if line := p.await(t, "a bound on connections was met"); line.Level != "WARN" {
		t.Errorf("it was said at %s", line.Level)
	}
}

// crowd is clients that take their time.
type crowd struct {
	ctx    context.Context
	failed func(error)
	all    sync.WaitGroup
}

func crowdOf(t *testing.T) *crowd {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return &crowd{ctx: ctx, failed: func(err error) { t.Error(err) }}
}

// open opens a connection that sends a beginning and then drips, until the server has had enough. Being
// turned away is no failure: there is no room.
func (c *crowd) open(addr, from, begin, drip string) {
	conn, err := dialFrom(c.ctx, from, addr)
	if err != nil {
		return
	}
	_, _ = io.WriteString(conn, begin)
	c.all.Go(func() {
		defer conn.Close()
		ended := make(chan struct{})
		if drip != "" {
			c.all.Go(func() { dripInto(conn, drip, ended) })
		}
		defer close(ended)
		deadline, _ := c.ctx.Deadline()
		_ = conn.SetReadDeadline(deadline)
		if _, err := io.Copy(io.Discard, conn); os.IsTimeout(err) {
			c.failed(fmt.Errorf("a slow connection from %s, with %q, was never cut", from, begin))
		}
	})
}

func dripInto(conn net.Conn, drip string, ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		case <-time.After(500 * time.Millisecond):
			if _, err := io.WriteString(conn, drip); err != nil {
				return
			}
		}
	}
}

// wantCut waits until none is open any more.
func (c *crowd) wantCut(t *testing.T) {
	t.Helper()
	cut := make(chan struct{})
	go func() { defer close(cut); c.all.Wait() }()
	receive(t, "every slow connection is cut", cut)
}

package main

import (
	"net"
	"net/netip"
)

// connection is one that was let in.
type connection struct {
	net.Conn
	framing framing

	of     *connections
	peer   *peer // nil: of an address without a bound
	from   netip.Prefix
	waits  bool // it is in the queue of all, and in its peer's
	gone   bool
	before [queues]*connection // in each queue
	behind [queues]*connection
}

// begin says that a request has come, and reports false if the connection has just been closed: nobody
// would hear the answer, so nothing must be done for it.
func (c *connection) begin() bool {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.of.unwait(c)
	return !c.gone
}

func (c *connection) Read(b []byte) (n int, err error) {
	n, err = c.Conn.Read(b)
	if n > 0 {
		c.framing.read(b[:n])
	}
	return n, err
}

// CloseWrite lets net/http end an answer before it closes: a client that is still sending could otherwise
// lose it.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

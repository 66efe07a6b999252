package main

import (
	"errors"
	"net"
	"net/netip"
	"time"
)

// connection is one that was let in.
type connection struct {
	net.Conn
	framing framing
	reading deadline
	writing deadline

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
	if err := c.reading.begin(c.Conn.SetReadDeadline); err != nil {
		return 0, err
	}
	n, err = c.Conn.Read(b)
	c.reading.end()
	if n > 0 {
		c.framing.read(b[:n])
	}
	return n, err
}

func (c *connection) Write(b []byte) (n int, err error) {
	if err := c.writing.begin(c.Conn.SetWriteDeadline); err != nil {
		return 0, err
	}
	n, err = c.Conn.Write(b)
	c.writing.end()
	return n, err
}

func (c *connection) SetReadDeadline(t time.Time) error {
	return c.reading.move(t, c.Conn.SetReadDeadline)
}

func (c *connection) SetWriteDeadline(t time.Time) error {
	return c.writing.move(t, c.Conn.SetWriteDeadline)
}

func (c *connection) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// CloseWrite lets net/http end an answer before it closes: a client that is still sending could otherwise
// lose it.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

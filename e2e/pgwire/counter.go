package pgwire

import (
	"encoding/binary"
	"sync/atomic"
)

// counter follows what a client sends: a first message without a type, then type, length and content.
// https://www.postgresql.org/docs/15/protocol-message-formats.html
type counter struct {
	waited *atomic.Int64
	header []byte // of the message that begins
	rest   int    // of the content of the one before
	past   bool   // the first message
}

// Write counts Sync and Query, however the stream is cut.
func (c *counter) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		if skip := min(c.rest, len(b)); skip > 0 {
			c.rest, b = c.rest-skip, b[skip:]
			continue
		}
		c.header, b = append(c.header, b[0]), b[1:]
		switch {
		case !c.past && len(c.header) == 4:
			c.rest, c.past, c.header = int(binary.BigEndian.Uint32(c.header))-4, true, c.header[:0]
		case c.past && len(c.header) == 5:
			if c.header[0] == 'S' || c.header[0] == 'Q' {
				c.waited.Add(1)
			}
			c.rest, c.header = int(binary.BigEndian.Uint32(c.header[1:]))-4, c.header[:0]
		}
	}
	return n, nil
}

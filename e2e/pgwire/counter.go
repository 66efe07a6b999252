package pgwire

import (
	"bytes"
	"encoding/binary"
)

// heed is how much of a message is read: of all but Parse and Query only the names in front matter.
const heed = 128

// counter follows what a client sends: a first message without a type, then type, length and content.
// https://www.postgresql.org/docs/15/protocol-message-formats.html
type counter struct {
	wire   *Wire
	header []byte // of the message that begins
	rest   int    // of its content
	past   bool   // the first message

	content  []byte            // of the message, as far as it is heeded
	prepared map[string]string // texts of statements by their names
	bound    string            // the text of what is executed next
}

// Write counts what a client waits for and what it has executed, however the stream is cut.
func (c *counter) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		if c.rest > 0 {
			part := b[:min(c.rest, len(b))]
			c.heed(part)
			c.rest, b = c.rest-len(part), b[len(part):]
		} else {
			c.header, b = append(c.header, b[0]), b[1:]
			c.begin()
		}
		if c.rest == 0 && len(c.header) == 5 {
			c.end()
		}
	}
	return n, nil
}

// begin learns how long a message is, once its length has come.
func (c *counter) begin() {
	switch {
	case !c.past && len(c.header) == 4:
		c.rest, c.past, c.header = int(binary.BigEndian.Uint32(c.header))-4, true, c.header[:0]
	case c.past && len(c.header) == 5:
		c.rest = int(binary.BigEndian.Uint32(c.header[1:])) - 4
	}
}

func (c *counter) heed(part []byte) {
	if len(c.header) < 5 {
		return // of the first message
	}
	if kind := c.header[0]; kind != 'P' && kind != 'Q' {
		part = part[:max(0, min(len(part), heed-len(c.content)))]
	}
	c.content = append(c.content, part...)
}

// end takes in a message that is whole.
func (c *counter) end() {
	first, rest, _ := bytes.Cut(c.content, []byte{0})
	second, _, _ := bytes.Cut(rest, []byte{0})
	switch c.header[0] {
	case 'P': // the statement's name, its text
		c.prepared[string(first)] = string(second)
	case 'B': // the portal's name, the statement's
		c.bound = c.prepared[string(second)]
	case 'E':
		c.wire.executed(c.bound)
	case 'Q':
		c.wire.executed(string(first))
		c.wire.waited.Add(1)
	case 'S':
		c.wire.waited.Add(1)
	}
	c.header, c.content = c.header[:0], c.content[:0]
}

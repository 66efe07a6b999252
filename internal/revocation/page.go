package revocation

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"
)

const (
	// PageType is the typ of a page's header. It keeps pages and access tokens apart, which the same keys
	// sign (A17).
	PageType = "authd-revocations+jwt"

	pageEntries = 16384 // of one page, at most

	// forever is the until of what is never collected: the last second of the year 9999. A follower that
	// makes no exception for kids then does the right thing.
	forever = 253402300799
	// maxInteger is the greatest integer that every reader of JSON takes for what it is.
	maxInteger = 1<<53 - 1
)

// content is what a page says before its entries.
type content struct {
	feedID         string
	from, to, head int64
	mark           uint64 // of to
	now, asOf      time.Time
}

// payload writes payloads, one after another, into the same memory. What stands before the entries can
// be written only after them, because the last one says how far the page goes. So room is left for it,
// and it is put right in front of them.
type payload struct {
	issuer []byte // as JSON
	buffer []byte
}

// beside is what stands before the entries besides the issuer, at most: seven numbers, two names and
// the members' own.
const beside = 320

func newPayload(issuer string) (*payload, error) {
	text, err := json.Marshal(issuer)
	return &payload{issuer: text}, err
}

func (p *payload) room() int { return len(p.issuer) + beside }

// begin forgets the payload before.
func (p *payload) begin() {
	if p.buffer == nil {
		p.buffer = make([]byte, p.room(), p.room()+2048)
	}
	p.buffer = p.buffer[:p.room()]
}

// add writes one more entry.
func (p *payload) add(e *Entry) {
	if len(p.buffer) > p.room() {
		p.buffer = append(p.buffer, ',')
	}
	p.buffer = appendEntry(p.buffer, e)
}

// end returns the payload, which stands until the next begin.
func (p *payload) end(c *content) []byte {
	p.buffer = append(p.buffer, "]}"...)
	head := make([]byte, 0, 512)
	head = append(append(head, `{"iss":`...), p.issuer...)
	head = append(append(head, `,"feed_id":"`...), c.feedID...)
	head = appendInteger(append(head, `","from":`...), c.from)
	head = appendInteger(append(head, `,"to":`...), c.to)
	head = appendInteger(append(head, `,"head":`...), c.head)
	head = appendMark(append(head, `,"mark":"`...), c.mark)
	head = appendInteger(append(head, `","now":`...), c.now.UnixMilli())
	head = appendInteger(append(head, `,"as_of":`...), c.asOf.UnixMilli())
	head = append(head, `,"entries":[`...)
	start := p.room() - len(head)
	copy(p.buffer[start:], head)
	return p.buffer[start:]
}

// appendEntry writes an entry as an array: its kind, subject, until and, of sub alone, value.
func appendEntry(b []byte, e *Entry) []byte {
	b = append(append(b, `["`...), e.Kind...)
	b = base64.RawURLEncoding.AppendEncode(append(b, `","`...), e.Subject[:])
	b = appendInteger(append(b, `",`...), wireUntil(e))
	if e.Kind == Sub {
		b = appendInteger(append(b, ','), e.Value)
	}
	return append(b, ']')
}

// wireUntil rounds up: a kill may be obeyed for a moment too long, never too short.
func wireUntil(e *Entry) int64 {
	if e.Kind == Kid {
		return forever
	}
	seconds := e.Until.Unix()
	if e.Until.Nanosecond() > 0 {
		seconds++
	}
	return min(seconds, forever)
}

// appendInteger writes an integer of the format, which has none below zero.
func appendInteger(b []byte, n int64) []byte {
	return strconv.AppendInt(b, min(max(n, 0), maxInteger), 10)
}

func appendMark(b []byte, mark uint64) []byte {
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, digits[mark>>shift&15])
	}
	return b
}

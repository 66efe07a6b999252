package audit

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// ID names a record: a UUIDv7 (RFC 9562, section 5.7) made of the event's time, so that the order of ids
// is the order of events, and one index pages through them by time.
type ID [16]byte

// Last is above every id.
var Last = ID{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// Since returns the least id of an event that did not happen before t.
func Since(t time.Time) (id ID) {
	const most = 1<<48 - 1
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(min(max(ms, 0), most)))
	copy(id[:6], b[2:])
	return id
}

// IsZero reports whether id is the zero value, which names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// String returns the hyphenated form.
func (id ID) String() string {
	text := hex.EncodeToString(id[:])
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}

// ParseID reads what String writes, and nothing else.
func ParseID(text string) (ID, error) {
	digits, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(digits) != len(ID{}) || ID(digits).String() != text {
		return ID{}, errors.New("not the id of a record")
	}
	return ID(digits), nil
}

// Record is an event as it is kept.
type Record struct {
	ID ID
	Event
}

// Query chooses records. Members that are zero choose nothing.
type Query struct {
	User    [16]byte
	Session [16]byte
	Name    Name
	Actor   Actor
	Address netip.Addr
	Since   time.Time // at this time or later
	Until   time.Time // before this time
	Before  ID        // the last record of the page before: what comes next is older
	Limit   int       // at most so many; below 1: none
}

// Bounds are the ids that q chooses by time and by place: from the first one on, below the second.
func (q Query) Bounds() (from, below ID) {
	below = Last
	if !q.Since.IsZero() {
		from = Since(q.Since)
	}
	if !q.Until.IsZero() {
		below = Since(q.Until)
	}
	if !q.Before.IsZero() && string(q.Before[:]) < string(below[:]) {
		below = q.Before
	}
	return from, below
}

// Store keeps records. They are only added, and deleted when they are old; nothing here changes one.
type Store interface {
	// AddRecords adds records, all or none. One whose id is there already is left as it is, so that a
	// call whose outcome is unknown can be made again. Of a user who does not exist (any more) it keeps
	// neither address nor user agent.
	AddRecords(ctx context.Context, records []Record) error

	// Records reads the newest records that q chooses, the newest first.
	Records(ctx context.Context, q Query) ([]Record, error)

	// CollectRecords deletes at most limit records of events before a time, the oldest first, and
	// returns how many.
	CollectRecords(ctx context.Context, before time.Time, limit int) (int, error)

	// Clock reads the store's clock.
	Clock(ctx context.Context) (time.Time, error)
}

// stamp makes records of events. Events of one millisecond keep the order in which they came here: what
// brought about a death stands before the death.
type stamp struct {
	now    func() time.Time
	random io.Reader

	mu    sync.Mutex // guards the rest
	last  int64      // the millisecond of the id before
	count uint16     // ids of that millisecond
}

func (s *stamp) record(e Event) (Record, error) {
	if e.At.IsZero() {
		e.At = s.now()
	}
	e.At = e.At.UTC().Truncate(time.Millisecond)
	if e.Actor == "" {
		e.Actor = User
	}
	id := Since(e.At)
	if _, err := io.ReadFull(s.random, id[8:]); err != nil {
		return Record{}, fmt.Errorf("make an event's id: %w", err)
	}
	binary.BigEndian.PutUint16(id[6:], 0x7000|s.next(e.At.UnixMilli())&0x0fff)
	id[8] = id[8]&0x3f | 0x80
	return Record{ID: id, Event: e}, nil
}

func (s *stamp) next(ms int64) uint16 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ms != s.last {
		s.last, s.count = ms, 0
	}
	s.count++
	return s.count - 1
}

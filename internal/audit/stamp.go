package audit

import (
	"io"
	"time"
)

// Stamp makes records for who keeps an event together with what it tells of, in one transaction: then
// neither is there without the other. Its methods may be called from any goroutine.
type Stamp struct{ stamp stamp }

// NewStamp takes a clock, for events that say no time, and randomness that is safe for concurrent use.
func NewStamp(now func() time.Time, random io.Reader) *Stamp {
	return &Stamp{stamp{now: now, random: random}}
}

// Record gives an event its id, and with it its place.
func (s *Stamp) Record(e Event) (Record, error) { return s.stamp.record(e) }

package revocation

import (
	"math"
	"time"
)

// record is an entry in 32 bytes without pointers, so that a million of them cost 32 MiB and the garbage
// collector nothing.
type record struct {
	subject Subject
	until   uint32 // whole seconds since 1970, rounded up
	mark    uint64
	packed  uint64 // kind (2 bits) · value (46) · seq less that of the chunk's first record (16)
}

const (
	valueBits = 46
	deltaBits = 16
	maxValue  = 1<<valueBits - 1
	maxDelta  = 1<<deltaBits - 1
)

// kinds are what two bits of a record stand for.
var kinds = [4]Kind{Sid, Jti, Sub, Kid}

func codeOf(kind Kind) (code uint64, ok bool) {
	for i, k := range kinds {
		if k == kind {
			return uint64(i), true
		}
	}
	return 0, false
}

// fits reports whether a record can hold an entry. An epoch grows by one at a time and does not outgrow
// 46 bits; what does not fit is kept apart, like what is kept for ever.
func fits(e *Entry) bool {
	_, known := codeOf(e.Kind)
	return known && e.Kind != Kid && 0 <= e.Value && e.Value <= maxValue
}

func newRecord(e *Entry, base int64) record {
	code, _ := codeOf(e.Kind)
	return record{
		subject: e.Subject, until: secondsUp(e.Until), mark: e.Mark,
		packed: code<<(valueBits+deltaBits) | uint64(e.Value)<<deltaBits | uint64(e.Seq-base),
	}
}

func (r *record) kind() uint64 { return r.packed >> (valueBits + deltaBits) }

func (r *record) value() int64 { return int64(r.packed >> deltaBits & maxValue) }

func (r *record) delta() int64 { return int64(r.packed & maxDelta) }

// covers reports whether whatever other declares dead, and for as long, r does too.
func (r *record) covers(other *record) bool {
	return r.value() >= other.value() && r.until >= other.until
}

func (r *record) entry(base int64) Entry {
	return Entry{
		Kill: Kill{Key: Key{Kind: kinds[r.kind()], Subject: r.subject}, Value: r.value()},
		Seq:  base + r.delta(), Until: time.Unix(int64(r.until), 0).UTC(), Mark: r.mark,
	}
}

// secondsUp rounds up: a kill may be obeyed for a moment too long, never too short.
func secondsUp(t time.Time) uint32 {
	s := t.Unix()
	if t.Nanosecond() > 0 {
		s++
	}
	return uint32(min(max(s, 0), math.MaxUint32))
}

// secondsDown is how far a clock has come, for comparing with untils.
func secondsDown(t time.Time) uint32 { return uint32(min(max(t.Unix(), 0), math.MaxUint32)) }

// The codes of the kinds.
const (
	codeSid uint64 = iota
	codeJti
	codeSub
	codeKid
)

package live

import (
	"encoding/binary"
	"errors"
	"sync"
)

// shards are locked one by one, so that readers meet the writer, and each other, rarely.
const shards = 64

// Set holds records. Readers and one or more writers may use it at once. The zero Set is empty.
type Set struct {
	parts [shards]part

	sweeping sync.Mutex // held by Forget
	next     uint64     // guarded by sweeping: where the next step goes on
}

// part is a shard: records, in no order that matters, and an index over them.
type part struct {
	mu sync.RWMutex
	table
	_ [24]byte // keeps the locks of neighbours on cache lines of their own
}

// ErrFull is a set that can take no more: 67 million records. Whoever adds must not go on as if it had
// been added.
var ErrFull = errors.New("too many live kills")

// Value returns the value of a record, if there is one.
func (s *Set) Value(k Kind, d *Digest) (value uint64, ok bool) {
	p := &s.parts[d[0]%shards]
	p.mu.RLock()
	at, ok := p.find(k, d)
	if ok {
		value = p.at(at).value()
	}
	p.mu.RUnlock()
	return value, ok
}

// Add adds a record. Of two with one kind and digest the greater value and the later until stand: in
// whatever order and however often records come, the result is the same.
func (s *Set) Add(r Record) error {
	p := &s.parts[r.Digest[0]%shards]
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.find(r.Kind, &r.Digest)
	if !ok {
		return p.insert(slot{uint64(r.Kind)<<valueBits | r.Value, r.Digest, r.Until})
	}
	had := p.at(at)
	had.tagged = max(had.tagged, uint64(r.Kind)<<valueBits|r.Value)
	had.until = max(had.until, r.Until)
	return nil
}

// Len returns the number of records.
func (s *Set) Len() (n int) {
	for i := range s.parts {
		p := &s.parts[i]
		p.mu.RLock()
		n += p.n
		p.mu.RUnlock()
	}
	return n
}

// Forget looks at up to limit records, where the last call stopped, and drops those whose until lies
// before the time given. It returns how many it dropped. A lock is held for 256 records at a time.
func (s *Set) Forget(before uint32, limit int) (dropped int) {
	s.sweeping.Lock()
	defer s.sweeping.Unlock()
	for seen, turns := 0, 0; seen < limit && turns < shards; {
		p := &s.parts[s.next>>32]
		from := int(uint32(s.next))
		p.mu.Lock()
		looked, gone, end := p.forget(before, from, min(chunkLen, limit-seen))
		p.mu.Unlock()
		seen += looked
		dropped += gone
		if s.next += uint64(looked - gone); end {
			s.next = (s.next>>32 + 1) % shards << 32
			turns++
		}
	}
	return dropped
}

// hash gives the place in the index. Digests are parts of SHA-256, so their bytes need no mixing. The
// first byte has chosen the shard.
func hash(k Kind, d *Digest) (place, tag uint32) {
	place = binary.LittleEndian.Uint32(d[1:5]) + uint32(k)*0x9e3779b9
	return place, uint32(binary.LittleEndian.Uint16(d[5:7])) & tagMask
}

package revocation

import (
	"encoding/binary"
	"sync/atomic"
)

// shards is how many small tables the index has. Each grows by itself, so no step of the writer is
// longer than copying one of them: about a thousand slots when a million kills are live.
const shards = 1024

// shard is one table of the index: open addressing over places of records. A reader takes no lock; the
// one writer changes slots in place, each by one store, and puts a new table in place of one that is
// full.
type shard struct {
	table atomic.Pointer[table]
	used  int // slots that are not empty, graves too; the writer's
	alive int // slots with a place; the writer's
}

type table struct {
	slots []atomic.Uint32 // a power of two
}

const leastSlots = 8

// hashOf needs no key: a subject is a piece of SHA-256 of what this service, or its operator, chose.
func hashOf(subject *Subject) uint64 { return binary.LittleEndian.Uint64(subject[:8]) }

func (s *set) shardOf(hash uint64) *shard { return &s.index[hash%shards] }

func (t *table) start(hash uint64) int { return int(hash>>10) & (len(t.slots) - 1) }

func (t *table) next(i int) int { return (i + 1) & (len(t.slots) - 1) }

// find returns the greatest value among the records of a key. It may run beside the writer.
func (s *set) find(kind uint64, subject *Subject) (value int64, found bool) {
	hash := hashOf(subject)
	shard := s.shardOf(hash)
again:
	t := shard.table.Load()
	if t == nil {
		return 0, false
	}
	value, found = 0, false
	for i := t.start(hash); ; i = t.next(i) {
		at := t.slots[i].Load()
		if at == nowhere {
			return value, found
		}
		if at == grave {
			continue
		}
		// The directory is loaded after the slot, so it knows every chunk that the slot can name.
		r := s.directory.Load().record(at)
		if r == nil {
			// The chunk was given back since. Before that, the writer gave its keys another place or a
			// grave, in this table or the next: what was read is old.
			if t.slots[i].Load() != at || shard.table.Load() != t {
				goto again
			}
			continue
		}
		if r.subject == *subject && r.kind() == kind {
			value, found = max(value, r.value()), true
		}
	}
}

// insert makes a record known. Of two records of one key, one that covers the other takes its slot: a
// user whose epoch is raised again and again stays one slot. Neither covers the other only when a clock
// went back between them; then both have one.
func (s *set) insert(c *chunk, i int) {
	r, at := &c.records[i], c.placeOf(i)
	hash := hashOf(&r.subject)
	shard := s.shardOf(hash)
	t := s.room(shard)
	free := -1
	for i := t.start(hash); ; i = t.next(i) {
		switch old := t.slots[i].Load(); old {
		case nowhere:
			if free < 0 {
				free = i
				shard.used++
			}
			t.slots[free].Store(at)
			shard.alive++
			return
		case grave:
			if free < 0 {
				free = i
			}
		default:
			directory := s.directory.Load()
			known := directory.record(old)
			if known.subject != r.subject || known.kind() != r.kind() {
				continue
			}
			if r.covers(known) {
				t.slots[i].Store(at)
				directory.chunk(old).hidden.Add(1)
				return
			}
			if known.covers(r) {
				c.hidden.Add(1)
				return
			}
		}
	}
}

// room returns a table with at least one empty slot in four, which ends every chain soon.
func (s *set) room(shard *shard) *table {
	t := shard.table.Load()
	if t != nil && 4*(shard.used+1) <= 3*len(t.slots) {
		return t
	}
	return s.rebuild(shard, t)
}

// rebuild replaces a shard's table by one of the size that it needs, without graves.
func (s *set) rebuild(shard *shard, t *table) *table {
	size := leastSlots
	for 2*(shard.alive+1) > size {
		size *= 2
	}
	fresh := &table{slots: make([]atomic.Uint32, size)}
	if t != nil {
		s.copyInto(fresh, t)
		s.slots.Add(-int64(len(t.slots)))
	}
	s.slots.Add(int64(size))
	shard.used = shard.alive
	shard.table.Store(fresh)
	return fresh
}

func (s *set) copyInto(fresh, t *table) {
	directory := s.directory.Load()
	for i := range t.slots {
		at := t.slots[i].Load()
		if at&offsetMask == 0 {
			continue
		}
		j := fresh.start(hashOf(&directory.record(at).subject))
		for fresh.slots[j].Load() != nowhere {
			j = fresh.next(j)
		}
		fresh.slots[j].Store(at)
	}
}

// forget takes every record of a chunk out of the index.
func (s *set) forget(c *chunk) {
	for i := range int(c.n) {
		if c.indexed() == 0 {
			return
		}
		hash := hashOf(&c.records[i].subject)
		shard := s.shardOf(hash)
		t := shard.table.Load()
		if t == nil {
			continue // a record that another one covered, and that is gone by now
		}
		at := c.placeOf(i)
		for j := t.start(hash); ; j = t.next(j) {
			old := t.slots[j].Load()
			if old == at {
				t.slots[j].Store(grave)
				shard.alive--
				c.hidden.Add(1)
				s.shrink(shard, t)
			}
			if old == at || old == nowhere {
				break
			}
		}
	}
}

// shrink gives back a table of which an eighth is in use.
func (s *set) shrink(shard *shard, t *table) {
	switch {
	case shard.alive == 0:
		shard.used = 0
		shard.table.Store(nil)
		s.slots.Add(-int64(len(t.slots)))
	case len(t.slots) > leastSlots && 8*shard.alive <= len(t.slots):
		s.rebuild(shard, t)
	}
}

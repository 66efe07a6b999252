package revocation

import (
	"sort"
	"sync/atomic"
)

// A place is where a record lies: the number of its chunk in 20 bits and, counted from 1, its place in
// the chunk in 12. Twelve zeros are no place.
type place = uint32

const (
	offsetBits = 12
	offsetMask = 1<<offsetBits - 1
	numberMask = 1<<(32-offsetBits) - 1

	nowhere place = 0               // an index slot that was never used: the end of a chain
	grave   place = 1 << offsetBits // one whose record is gone: the chain goes on

	// chunkRecords fill, with the chunk's own fields, 128 KiB: whole pages of the allocator.
	chunkRecords = 4094
)

// chunk is a piece of the log. Records are written once, before their place is known to any reader;
// everything else is the writer's.
type chunk struct {
	base     int64  // seq of the first record
	number   uint32 // in the directory
	n        int32  // records
	earliest uint32 // the least until
	latest   uint32 // the greatest until
	// hidden are the records that the index, once it is made, does not know: another one covers them, or
	// they were taken out. Few are, so those who make it side by side hardly ever meet here.
	hidden  atomic.Int32
	records [chunkRecords]record
}

func (c *chunk) placeOf(i int) place { return c.number<<offsetBits | place(i+1) }

func (c *chunk) seq(i int) int64 { return c.base + c.records[i].delta() }

// indexed is how many records the index knows, once it is made.
func (c *chunk) indexed() int { return int(c.n - c.hidden.Load()) }

func (c *chunk) last() int64 { return c.seq(int(c.n) - 1) }

// takes reports whether an entry with this number can be appended.
func (c *chunk) takes(seq int64) bool { return c.n < chunkRecords && seq-c.base <= maxDelta }

func (c *chunk) append(e *Entry) int {
	i := int(c.n)
	c.records[i] = newRecord(e, c.base)
	until := c.records[i].until
	if i == 0 || until < c.earliest {
		c.earliest = until
	}
	c.latest = max(c.latest, until)
	c.n++
	return i
}

// after returns the first record whose number is above seq.
func (c *chunk) after(seq int64) int {
	return sort.Search(int(c.n), func(i int) bool { return c.seq(i) > seq })
}

// live counts the records that have not run out before now.
func (c *chunk) live(now uint32) (n int) {
	switch {
	case c.latest < now:
		return 0
	case c.earliest >= now:
		return int(c.n)
	}
	for i := range c.n {
		if c.records[i].until >= now {
			n++
		}
	}
	return n
}

// directory finds chunks by number. It is replaced whole, and readers hold no lock. Numbers are given in
// turn and come around after four billion records; the chunks that exist are a window of them.
type directory struct {
	first  uint32
	chunks []*chunk // nil: given back before its turn
}

func (d *directory) record(at place) *record {
	i := (at>>offsetBits - d.first) & numberMask
	if int(i) >= len(d.chunks) || d.chunks[i] == nil {
		return nil
	}
	return &d.chunks[i].records[at&offsetMask-1]
}

func (d *directory) chunk(at place) *chunk { return d.chunks[(at>>offsetBits-d.first)&numberMask] }

// with returns a directory with one more chunk, whose number it sets.
func (d *directory) with(c *chunk) *directory {
	c.number = (d.first + uint32(len(d.chunks))) & numberMask
	chunks := make([]*chunk, len(d.chunks)+1)
	copy(chunks, d.chunks)
	chunks[len(d.chunks)] = c
	return &directory{d.first, chunks}
}

// without returns a directory that does not hold c any more.
func (d *directory) without(c *chunk) *directory {
	chunks := make([]*chunk, len(d.chunks))
	copy(chunks, d.chunks)
	chunks[(c.number-d.first)&numberMask] = nil
	first := d.first
	for len(chunks) > 0 && chunks[0] == nil {
		first, chunks = (first+1)&numberMask, chunks[1:]
	}
	return &directory{first, chunks}
}

package revocation

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// makeIndex makes known what was added so far, and from now on whatever is added. Until the feed was
// read to its head once nobody is told that anything is alive, so the index can wait for that: its
// tables are then made once, at the size that they need, by several builders, each one table after another,
// so that a table is filled while it lies in a processor's cache.
func (s *set) makeIndex() {
	if s.indexed {
		return
	}
	s.indexed = true
	directory := s.directory.Load()
	places, ends := directory.byShard()
	var making sync.WaitGroup
	each := (shards + builders - 1) / builders
	for first := 0; first < shards; first += each {
		making.Go(func() { s.fill(first, min(first+each, shards), places, &ends) })
	}
	making.Wait()
}

// builders make the index side by side. A shard is one's alone.
var builders = runtime.GOMAXPROCS(0)

// fill makes the tables of the shards from first on, before end.
func (s *set) fill(first, end int, places []place, ends *[shards]int) {
	directory, begin := s.directory.Load(), 0
	if first > 0 {
		begin = ends[first-1]
	}
	for i := first; i < end; i++ {
		s.index[i].table.Store(s.newTable(ends[i] - begin))
		for _, at := range places[begin:ends[i]] {
			s.insert(directory.chunk(at), int(at&offsetMask)-1)
		}
		begin = ends[i]
	}
}

// byShard returns the places of all records, those of one shard after those of another, and where each
// shard's end.
func (d *directory) byShard() (places []place, ends [shards]int) {
	for _, c := range d.chunks {
		for i := range int(c.n) {
			ends[hashOf(&c.records[i].subject)%shards]++
		}
	}
	all := 0
	for i, n := range ends {
		ends[i] = all // where they begin, for now
		all += n
	}
	places = make([]place, all)
	for _, c := range d.chunks {
		for i := range int(c.n) {
			next := &ends[hashOf(&c.records[i].subject)%shards]
			places[*next] = c.placeOf(i)
			*next++
		}
	}
	return places, ends
}

// newTable returns a table that takes n records without growing, nil for none.
func (s *set) newTable(n int) *table {
	if n == 0 {
		return nil
	}
	size := leastSlots
	for 4*n > 3*size {
		size *= 2
	}
	s.slots.Add(int64(size))
	return &table{slots: make([]atomic.Uint32, size)}
}

package revocation

import "sync/atomic"

// makeIndex makes known what was added so far, and from now on whatever is added. Until the feed was
// read to its head once nobody is told that anything is alive, so the index can wait for that: its
// tables are then made once, at the size that they need, and one after another, so that each is filled
// while it lies in the processor's cache.
func (s *set) makeIndex() {
	if s.indexed {
		return
	}
	s.indexed = true
	directory := s.directory.Load()
	places, ends := directory.byShard()
	begin := 0
	for i, end := range ends {
		s.index[i].table.Store(s.newTable(end - begin))
		for _, at := range places[begin:end] {
			s.insert(directory.chunk(at), int(at&offsetMask)-1)
		}
		begin = end
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

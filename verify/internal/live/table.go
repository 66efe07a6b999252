package live

// Records lie in chunks, so that growing copies nothing and what shrinks is given back.
const chunkLen = 256

// A slot of the index has the position of a record plus one, and 12 bits of its digest, so that looking
// for what is not there rarely touches a record: that is the way of nearly every lookup.
const (
	tagBits    = 12
	tagMask    = 1<<tagBits - 1
	maxRecords = 1<<(32-tagBits) - 1
	minIndex   = 64
)

// table is an open-addressing hash table. Its index is between an eighth and three quarters full.
type table struct {
	n      int
	chunks []*[chunkLen]slot
	index  []uint32 // a power of two; 0 is a free slot
}

func (t *table) at(i uint32) *slot { return &t.chunks[i/chunkLen][i%chunkLen] }

// find returns the position of a record.
func (t *table) find(k Kind, d *Digest) (at uint32, ok bool) {
	place, ok := t.lookup(k, d)
	if !ok {
		return 0, false
	}
	return t.index[place]>>tagBits - 1, true
}

// lookup returns the place of a record in the index, or the free one where it would stand.
func (t *table) lookup(k Kind, d *Digest) (place uint32, ok bool) {
	if len(t.index) == 0 {
		return 0, false
	}
	mask := uint32(len(t.index) - 1)
	place, tag := hash(k, d)
	for place &= mask; ; place = (place + 1) & mask {
		entry := t.index[place]
		if entry == 0 {
			return place, false
		}
		if entry&tagMask == tag && t.at(entry>>tagBits-1).is(k, d) {
			return place, true
		}
	}
}

// insert adds a record that is not there.
func (t *table) insert(s slot) error {
	if t.n == maxRecords {
		return ErrFull
	}
	if (t.n+1)*4 > len(t.index)*3 {
		t.resize(max(minIndex, 2*len(t.index)))
	}
	if t.n == len(t.chunks)*chunkLen {
		t.chunks = append(t.chunks, new([chunkLen]slot))
	}
	t.n++
	*t.at(uint32(t.n - 1)) = s
	t.point(uint32(t.n-1), &s)
	return nil
}

// point writes the position of a record into the first free place of the index.
func (t *table) point(at uint32, s *slot) {
	mask := uint32(len(t.index) - 1)
	place, tag := hash(Kind(s.tagged>>valueBits), &s.digest)
	for place &= mask; t.index[place] != 0; place = (place + 1) & mask {
	}
	t.index[place] = (at+1)<<tagBits | tag
}

func (t *table) resize(length int) {
	t.index = make([]uint32, length)
	for i := range uint32(t.n) {
		t.point(i, t.at(i))
	}
}

// forget looks at up to limit records from a position on, and says whether it came to the end. Into the
// place of one that is dropped comes the last, which is looked at next.
func (t *table) forget(before uint32, from, limit int) (looked, dropped int, end bool) {
	for ; looked < limit && from < t.n; looked++ {
		if t.at(uint32(from)).until < before {
			t.drop(uint32(from))
			dropped++
		} else {
			from++
		}
	}
	if end = from >= t.n; end {
		t.shrink()
	}
	return looked, dropped, end
}

// drop removes a record and moves the last one into its place.
func (t *table) drop(at uint32) {
	s, last := t.at(at), uint32(t.n-1)
	place, _ := t.lookup(Kind(s.tagged>>valueBits), &s.digest)
	t.free(place)
	if at != last {
		moved := t.at(last)
		*s = *moved
		place = t.placeOf(last, moved)
		t.index[place] = (at+1)<<tagBits | t.index[place]&tagMask
	}
	t.n--
	if used := (t.n + chunkLen - 1) / chunkLen; used+1 < len(t.chunks) { // one is kept for what comes next
		t.chunks[len(t.chunks)-1] = nil
		t.chunks = t.chunks[:len(t.chunks)-1]
	}
}

// placeOf returns the place in the index that points at a position.
func (t *table) placeOf(at uint32, s *slot) uint32 {
	mask := uint32(len(t.index) - 1)
	place, _ := hash(Kind(s.tagged>>valueBits), &s.digest)
	for place &= mask; t.index[place]>>tagBits != at+1; place = (place + 1) & mask {
	}
	return place
}

// free empties a place and closes the gap: whoever stands behind it only because it was taken moves up.
func (t *table) free(place uint32) {
	mask := uint32(len(t.index) - 1)
	for next := (place + 1) & mask; t.index[next] != 0; next = (next + 1) & mask {
		s := t.at(t.index[next]>>tagBits - 1)
		home, _ := hash(Kind(s.tagged>>valueBits), &s.digest)
		if (next-home)&mask >= (next-place)&mask {
			t.index[place] = t.index[next]
			place = next
		}
	}
	t.index[place] = 0
}

// shrink gives back what a table that has emptied no longer needs.
func (t *table) shrink() {
	if t.n == 0 {
		t.chunks, t.index = nil, nil
		return
	}
	length := len(t.index)
	for length > minIndex && t.n*8 < length {
		length /= 2
	}
	if length != len(t.index) {
		t.resize(length)
	}
}

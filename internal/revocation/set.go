package revocation

import (
	"slices"
	"sync"
	"sync/atomic"
)

// newest is how many of the last entries stay known after they ran out, so that a cursor which stands
// on one of them is not sent back to the beginning. The store's collector keeps as many.
const newest = 4096

// set is what is dead, and the feed as it was read, in memory. One goroutine writes, under mu and in
// short steps. Whoever looks a token up takes no lock at all; whoever reads the feed in order takes mu.
type set struct {
	directory atomic.Pointer[directory]
	index     [shards]shard
	slots     atomic.Int64            // of all tables
	kept      atomic.Pointer[[]Entry] // what no record holds, of every reading; replaced whole
	indexed   bool                    // what is added is put into the index; the writer's

	mu      sync.RWMutex
	served  []*chunk // the feed since it was last begun from the beginning, in order
	apart   []Entry  // what belongs among them and is no record: kids, and numbers too large, in order
	sweptTo int64    // the last number that was given back with its chunk
	ghosts  []*chunk // of a history that the store has forgotten: obeyed until they run out, never served
}

func newSet() *set {
	s := &set{}
	s.directory.Store(&directory{})
	s.kept.Store(&[]Entry{})
	return s
}

// add appends entries in the order of their numbers, which are above all that were added before.
func (s *set) add(entries []Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range entries {
		e := &entries[i]
		if !fits(e) {
			s.keep(e)
			continue
		}
		c := s.tail(e.Seq)
		if i := c.append(e); s.indexed {
			s.insert(c, i)
		}
	}
}

// tail returns the chunk to append to.
func (s *set) tail(seq int64) *chunk {
	if n := len(s.served); n > 0 && s.served[n-1].takes(seq) {
		return s.served[n-1]
	}
	c := &chunk{base: seq}
	s.directory.Store(s.directory.Load().with(c))
	s.served = append(s.served, c)
	return c
}

// keep takes an entry that never runs out, or that no record holds. There are as many as keys were ever
// killed.
func (s *set) keep(e *Entry) {
	s.apart = append(s.apart, *e)
	kept := *s.kept.Load()
	for i := range kept {
		if kept[i].Key == e.Key && kept[i].Value >= e.Value && !kept[i].Until.Before(e.Until) {
			return
		}
	}
	kept = append(slices.Clip(kept), *e)
	s.kept.Store(&kept)
}

// beginAgain forgets the order, and nothing of what is dead: the store's history is another one than
// what was read. What is read again covers what it was before, so the memory of that is given back.
func (s *set) beginAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ghosts = append(s.ghosts, s.served...)
	s.served, s.apart, s.sweptTo = nil, nil, 0
}

// lookup returns the greatest value of a key's entries.
func (s *set) lookup(code uint64, subject *Subject) (value int64, found bool) {
	if code < 3 { // of kid there is none in the index
		value, found = s.find(code, subject)
	}
	for i, kept := 0, *s.kept.Load(); i < len(kept); i++ {
		if kept[i].Subject == *subject && kept[i].Kind == kinds[code] {
			value, found = max(value, kept[i].Value), true
		}
	}
	return value, found
}

// lost counts what is obeyed and not in the store's history.
func (s *set) lost(now uint32) (n int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, c := range s.ghosts {
		if c.latest >= now {
			n += c.indexed()
		}
	}
	return n
}

// entries appends to into, up to limit in all, the entries after a number that have not run out, in
// order.
func (s *set) entries(after int64, limit int, now uint32, into []Entry) []Entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	limit += len(into)
	apart := slices.DeleteFunc(slices.Clone(s.apart[firstAfter(s.apart, after):]), hasRunOut(now))
	from, _ := slices.BinarySearchFunc(s.served, after+1, func(c *chunk, seq int64) int {
		if c.last() < seq {
			return -1
		}
		return 1
	})
	for _, c := range s.served[from:] {
		for i := c.after(after); i < int(c.n) && len(into) < limit; i++ {
			if c.records[i].until < now {
				continue
			}
			for len(apart) > 0 && apart[0].Seq < c.seq(i) && len(into) < limit {
				into, apart = append(into, apart[0]), apart[1:]
			}
			if len(into) < limit {
				into = append(into, c.records[i].entry(c.base))
			}
		}
		if len(into) >= limit {
			return into
		}
	}
	return append(into, apart[:min(len(apart), limit-len(into))]...)
}

// hasRunOut reports of an entry that is no record whether it has run out before now.
func hasRunOut(now uint32) func(Entry) bool {
	return func(e Entry) bool { return e.Kind != Kid && secondsUp(e.Until) < now }
}

func firstAfter(entries []Entry, seq int64) int {
	i, _ := slices.BinarySearchFunc(entries, seq+1, func(e Entry, seq int64) int {
		if e.Seq < seq {
			return -1
		}
		return 1
	})
	return i
}

// markAt returns the mark of the entry with a number, if it is still known.
func (s *set) markAt(seq int64) (mark uint64, known bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if i := firstAfter(s.apart, seq-1); i < len(s.apart) && s.apart[i].Seq == seq {
		return s.apart[i].Mark, true
	}
	at, _ := slices.BinarySearchFunc(s.served, seq, func(c *chunk, seq int64) int {
		if c.last() < seq {
			return -1
		}
		return 1
	})
	if at == len(s.served) {
		return 0, false
	}
	c := s.served[at]
	if i := c.after(seq - 1); i < int(c.n) && c.seq(i) == seq {
		return c.records[i].mark, true
	}
	return 0, false
}

// live counts the entries of the feed that have not run out.
func (s *set) live(now uint32) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := len(s.apart)
	for _, c := range s.served {
		n += c.live(now)
	}
	return n
}

// sweep gives back the memory of at most limit chunks that hold nothing which is needed any more, and
// returns how many it found. head is the number of the newest entry.
func (s *set) sweep(now uint32, head int64, limit int) (swept int) {
	drop := func(needed func(c *chunk) bool) func(c *chunk) bool {
		return func(c *chunk) bool {
			if swept >= limit || needed(c) {
				return false
			}
			s.forget(c)
			s.directory.Store(s.directory.Load().without(c))
			swept++
			return true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if gone := hasRunOut(now); slices.ContainsFunc(*s.kept.Load(), gone) {
		kept := slices.DeleteFunc(slices.Clone(*s.kept.Load()), gone)
		s.kept.Store(&kept)
		s.apart = slices.DeleteFunc(s.apart, gone)
	}
	s.served = slices.DeleteFunc(s.served, drop(func(c *chunk) bool {
		if c.latest >= now || c.last() > head-newest {
			return true
		}
		s.sweptTo = max(s.sweptTo, c.last())
		return false
	}))
	s.ghosts = slices.DeleteFunc(s.ghosts, drop(func(c *chunk) bool {
		return c.latest >= now && c.indexed() > 0
	}))
	return swept
}

// ranOutTo returns the number of the last entry that has run out before now, 0 if none has.
func (s *set) ranOutTo(now uint32) int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, c := range slices.Backward(s.served) {
		if c.earliest >= now {
			continue
		}
		for i := c.n - 1; i >= 0; i-- {
			if c.records[i].until < now {
				return max(s.sweptTo, c.seq(int(i)))
			}
		}
	}
	return s.sweptTo
}

// size is the memory of the set in bytes, roughly.
func (s *set) size() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return int64(len(s.served)+len(s.ghosts))*(128<<10) + 4*s.slots.Load()
}

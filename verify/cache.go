package verify

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
	"time"
)

// ways is how many places a token has to lie in. With too few, busy tokens displace each other for ever
// although most of the table is empty: of four, five need only meet.
const ways = 8

// cache remembers tokens whose signature and constant claims were found good. It saves the arithmetic,
// never a judgement: time and kills are looked at every time.
//
// It is a table of fixed size without locks. A token is found by a hash with a key of this process, so
// nobody can choose tokens that displace others, and is then compared as a whole.
type cache struct {
	seed  maphash.Seed
	slots []slot // a power of two
	turn  atomic.Uint32
}

// slot is a place. Its hash stands beside the entry, so that a look goes to no entry but the one that it is
// for. A writer sets one after the other: who reads between the two finds nothing, or compares in vain.
type slot struct {
	hash  atomic.Uint64
	entry atomic.Pointer[cached]
}

// cached is a token as it was shown, and the generation of the key set that it was checked with.
type cached struct {
	raw        string
	generation uint64
	token      *token
}

func newCache(size int) cache {
	if size < 0 {
		return cache{}
	}
	length := ways
	for length < size {
		length *= 2
	}
	return cache{seed: maphash.MakeSeed(), slots: make([]slot, length)}
}

// get returns a token that was found good with this generation of keys.
func (c *cache) get(raw string, generation uint64) *token {
	if c.slots == nil {
		return nil
	}
	hash := maphash.String(c.seed, raw)
	set := c.set(hash)
	for i := range set {
		if set[i].hash.Load() != hash {
			continue
		}
		if e := set[i].entry.Load(); e != nil && e.generation == generation && e.raw == raw {
			return e.token
		}
	}
	return nil
}

// put remembers a token. It takes the place of one that is of no use any more, if there is one.
func (c *cache) put(raw string, generation uint64, t *token, now time.Time) {
	if c.slots == nil {
		return
	}
	hash := maphash.String(c.seed, raw)
	set := c.set(hash)
	victim := &set[c.turn.Add(1)%ways]
	for i := range set {
		e := set[i].entry.Load()
		if e == nil || e.generation < generation || e.raw == raw || e.token.expiry < now.Unix() {
			victim = &set[i]
			break
		}
	}
	// The request's own text may be part of a larger buffer, which must not be kept alive.
	victim.entry.Store(&cached{strings.Clone(raw), generation, t})
	victim.hash.Store(hash)
}

// clear forgets everything.
func (c *cache) clear() {
	for i := range c.slots {
		c.slots[i].entry.Store(nil)
	}
}

func (c *cache) set(hash uint64) []slot {
	at := int(hash) & (len(c.slots) - 1) &^ (ways - 1)
	return c.slots[at : at+ways]
}

package verify

import (
	"strconv"
	"sync"
	"testing"
	"time"
)

func TestAnEntryIsFoundByItsWholeTokenAndGeneration(t *testing.T) {
	t.Parallel()
	c := newCache(64)
	now, kept := time.Unix(1000, 0), &token{expiry: 2000}
	c.put("abc", 1, kept, now)
	if got := c.get("abc", 1); got != kept {
		t.Error("what was put is not there")
	}
	for _, raw := range []string{"", "ab", "abd", "abcd", "ABC"} {
		if c.get(raw, 1) != nil {
			t.Errorf("%q was found", raw)
		}
	}
	if c.get("abc", 2) != nil || c.get("abc", 0) != nil {
		t.Error("it was found under other keys")
	}
	c.clear()
	if c.get("abc", 1) != nil {
		t.Error("it was found after all was forgotten")
	}
}

// Two tokens with one hash are two tokens.
func TestAnEntryWithTheSameHashIsNotTheSameToken(t *testing.T) {
	t.Parallel()
	c := newCache(ways)
	c.put("abc", 1, &token{expiry: 2000}, time.Unix(1000, 0))
	for i := range c.slots {
		if e := c.slots[i].entry.Load(); e != nil {
			forged := *e
			forged.raw = "abd"
			c.slots[i].entry.Store(&forged)
		}
	}
	if c.get("abc", 1) != nil {
		t.Error("a hash was taken for a token")
	}
}

func TestTheCacheDoesNotGrow(t *testing.T) {
	t.Parallel()
	c := newCache(100)
	now := time.Unix(1000, 0)
	for i := range 10_000 {
		c.put(strconv.Itoa(i), 1, &token{expiry: 2000}, now)
		if c.get(strconv.Itoa(i), 1) == nil {
			t.Fatal("the newest is not there")
		}
	}
	n := 0
	for i := range 10_000 {
		if c.get(strconv.Itoa(i), 1) != nil {
			n++
		}
	}
	if n > 128 || n < 100 {
		t.Errorf("it has %d tokens, want 128 at most and most places taken", n)
	}
}

// What is of no use makes place before what is.
func TestWhatIsOverMakesPlaceFirst(t *testing.T) {
	t.Parallel()
	c := newCache(ways)
	now := time.Unix(1000, 0)
	c.put("other keys", 1, &token{expiry: 2000}, now)
	c.put("expired", 2, &token{expiry: 999}, now)
	good := func(i int) string { return "good " + strconv.Itoa(i) }
	for i := range ways { // two more than there is room for, but for the two
		c.put(good(i), 2, &token{expiry: 2000}, now)
	}
	for again := range 10 {
		c.put(good(0), 2, &token{expiry: 2000 + int64(again)}, now)
	}
	for i := range ways {
		if c.get(good(i), 2) == nil {
			t.Errorf("%s made place", good(i))
		}
	}
}

// A cache that is an eighth full must not forget busy tokens. By chance one of a thousand may.
func TestBusyTokensDoNotDisplaceEachOther(t *testing.T) {
	t.Parallel()
	forgetful := 0
	for range 100 {
		c := newCache(defaultCacheSize)
		lost := 0
		for range 2 {
			lost = 0
			for i := range defaultCacheSize / 8 {
				if c.get(strconv.Itoa(i), 1) == nil {
					c.put(strconv.Itoa(i), 1, &token{expiry: 2000}, time.Unix(1000, 0))
					lost++
				}
			}
		}
		if lost > 0 {
			forgetful++
		}
	}
	if forgetful > 3 {
		t.Errorf("%d of 100 caches forget tokens", forgetful)
	}
}

func TestACacheOfNothingRemembersNothing(t *testing.T) {
	t.Parallel()
	c := newCache(-1)
	c.put("abc", 1, &token{}, time.Unix(1000, 0))
	if c.get("abc", 1) != nil {
		t.Error("it remembers")
	}
	c.clear()
}

func TestTheCacheMayBeUsedByMany(t *testing.T) {
	t.Parallel()
	c := newCache(64)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 5000 {
				raw := strconv.Itoa(i % 100)
				if e := c.get(raw, 1); e != nil && e.subject != raw {
					t.Errorf("got the token of %s for %s", e.subject, raw)
				}
				c.put(raw, 1, &token{subject: raw, expiry: 2000}, time.Unix(1000, 0))
			}
		})
	}
	all.Wait()
}

package revocation

import (
	"math/bits"
	"sync"
	"time"

	"github.com/authd/authd/internal/auth"
)

const (
	// pageLife is how long a page is handed out. None is sent later than a second after its now; what is
	// left of the second is for the sending.
	pageLife = 800 * time.Millisecond

	// A follower that has fewer places than this to the head gets a page of the tail, written anew for
	// every head; one that has more is catching up, and any page does that takes it further.
	tailSpan  = 512
	leastSpan = 16

	// A page of the tail is small, some 50 kB at most. One for catching up may have 1 MB, so of those only
	// a few stay when nobody is being sent them, and no more exist than are worth their memory.
	tailIdle, catchUpIdle = 16, 4
	catchUpMost           = 32

	readAtOnce = 512 // entries
)

// Signer signs pages. [tokens.Keyring] is one.
type Signer interface {
	// SignPage appends the compact JWS of a page's payload to into and names the key, whose turn it is at
	// clock.
	SignPage(into []byte, clock time.Time, payload []byte) (token []byte, kid string, err error)
	// Published reports whether a key is in the key set. One that was killed is not.
	Published(kid string) bool
}

// Page is a signed answer, shared by everybody whom it serves. Whoever was given one calls Done when it
// was sent.
type Page struct {
	content
	token []byte
	kid   string
	made  time.Time // by the process's clock
	shelf *shelf
	users int  // guarded by the shelf's mu, as is gone
	gone  bool // from the shelf
}

// shelf keeps pages of one sort. All pollers who are at about the same place get the same page, so that
// what a fleet asks costs one signature.
type shelf struct {
	feed   *Feed
	idle   int  // pages that stay though nobody is being sent them
	most   int  // pages that exist; 0: as many as are asked for
	toHead bool // a page that does not go to the head of now is of no use

	mu      sync.Mutex        // guards what follows
	pages   []*Page           // that may be sent, the oldest first
	leaving int               // pages that are only being sent still
	flights map[int64]*flight // pages being written, by from
	spare   [][]byte          // memory of pages that are gone, at most idle

	writing sync.Mutex // guards what follows: one page is written at a time, on one core
	payload *payload
	entries []Entry
}

// flight is a page being written and who waits for it.
type flight struct {
	done    chan struct{}
	waiting int // guarded by the shelf's mu
	page    *Page
	err     error
}

// anchor is where a page begins that serves a place: earlier than asked, at a multiple of the least
// power of two that spans the way to the head. So followers that are at about the same distance share a
// page, there are two pages at most for every power, and none has more than three times the entries
// that were asked for. The longest span is as long as a page: then the page may not reach the head, but
// it always goes beyond the place that was asked for, and the next one begins where it ends.
func anchor(seq, head int64) int64 {
	distance := head - seq
	if distance <= 0 {
		return seq
	}
	span := int64(1) << bits.Len64(uint64(distance-1))
	return seq &^ (min(max(span, leastSpan), pageEntries) - 1)
}

// page returns a page that takes a follower on from seq, which was seen to be a place of the view's feed.
func (s *shelf) page(v View, seq int64) (*Page, error) {
	for range 3 { // the feed may move on while a page is being written
		s.mu.Lock()
		if page := s.find(v, seq); page != nil {
			page.users++
			s.mu.Unlock()
			return page, nil
		}
		page, err := s.join(anchor(seq, v.Seq)) // unlocks
		if err != nil {
			return nil, err
		}
		v = s.feed.live.View()
		if s.usable(page) && s.serves(page, v, seq) { // writing may have taken long, and waiting for it
			return page, nil
		}
		page.Done()
	}
	return nil, auth.ErrUnavailable
}

// find looks for a page that may be sent now.
func (s *shelf) find(v View, seq int64) *Page {
	for _, page := range s.pages {
		if s.usable(page) && s.serves(page, v, seq) {
			return page
		}
	}
	return nil
}

// serves reports whether a page takes a follower on from seq. One that ends at the head of now always
// does. One that ends before may, when that is a place of the feed still: numbers can be used again.
func (s *shelf) serves(page *Page, v View, seq int64) bool {
	if page.feedID != v.FeedID || page.from > seq {
		return false
	}
	if page.to == v.Seq && page.mark == v.Mark {
		return page.head == v.Seq
	}
	if s.toHead || page.to <= seq {
		return false
	}
	known, _ := s.feed.live.Knows(Cursor{page.feedID, page.to, page.mark})
	return known
}

// usable reports whether a page is young enough and its key is good.
func (s *shelf) usable(page *Page) bool {
	return passed(page.made, s.feed.now()) < pageLife && s.feed.trusts(page.kid)
}

// join waits for a page that begins at from, written by this goroutine unless another one is at it. It
// is called with mu held, and gives it back.
func (s *shelf) join(from int64) (*Page, error) {
	f := s.flights[from]
	if f != nil {
		f.waiting++
		s.mu.Unlock()
		<-f.done
		return f.page, f.err
	}
	if !s.makeRoom() {
		s.mu.Unlock()
		return nil, auth.ErrUnavailable
	}
	// Should writing panic, which a server survives, then this is what the others are told.
	f = &flight{done: make(chan struct{}), waiting: 1, err: auth.ErrUnavailable}
	s.flights[from] = f
	s.mu.Unlock()
	defer s.land(f, from)
	f.page, f.err = s.write(from)
	return f.page, f.err
}

// land lets everybody have what a flight has come to.
func (s *shelf) land(f *flight, from int64) {
	defer close(f.done)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.flights, from)
	if f.err == nil {
		f.page.users = f.waiting
		s.pages = append(s.pages, f.page)
	}
}

// write reads, writes and signs a page.
func (s *shelf) write(from int64) (*Page, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	live, made := s.feed.live, s.feed.now()
	v := live.View()
	if !settled(v) || from > v.Seq {
		return nil, auth.ErrUnavailable
	}
	c := content{feedID: v.FeedID, from: from, head: v.Seq, now: v.Clock, asOf: v.AsOf}
	if c.now.Before(c.asOf) {
		c.now = c.asOf // who vouched had a clock ahead of this one's: a standby took over
	}
	s.payload.begin()
	c.to, c.mark = s.fill(v, from)
	// Should the history have changed meanwhile, what was read may have a gap.
	if known, _ := live.Knows(v.Cursor()); !known {
		return nil, auth.ErrUnavailable
	}
	payload := s.payload.end(&c)
	token, kid, err := s.feed.signer.SignPage(s.memory(), c.now, payload)
	if err == nil && !s.feed.trusts(kid) {
		// The kill was read, and the keyring is being read that has another key. Whoever waits for this
		// page is to hear of the kill now, and not when he tries again.
		live.AwaitKeyring()
		token, kid, err = s.feed.signer.SignPage(token[:0], c.now, payload)
	}
	if err != nil {
		return nil, err
	}
	if !s.feed.trusts(kid) {
		return nil, auth.ErrUnavailable
	}
	s.feed.signed.Add(1)
	return &Page{content: c, token: token, kid: kid, made: made, shelf: s}, nil
}

// fill writes the live entries after from and returns how far the page goes: to the head, or to its
// last entry if another one follows.
func (s *shelf) fill(v View, from int64) (to int64, mark uint64) {
	var last Entry
	for after, n := from, 0; ; {
		s.entries = s.feed.live.Entries(after, min(readAtOnce, pageEntries-n+1), s.entries[:0])
		for i := range s.entries {
			e := &s.entries[i]
			if e.Seq > v.Seq {
				return v.Seq, v.Mark // read since the view was taken
			}
			if n == pageEntries {
				return last.Seq, last.Mark
			}
			s.payload.add(e)
			last, n = *e, n+1
		}
		if len(s.entries) == 0 {
			return v.Seq, v.Mark
		}
		after = last.Seq
	}
}

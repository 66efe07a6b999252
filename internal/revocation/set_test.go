package revocation

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Readers hold no lock. Whatever the writer does meanwhile (tables that grow, chunks that are given back,
// a history that is read again), what was dead is found at every look.
func TestWhatIsDeadIsFoundAtEveryLookWhileTheSetChanges(t *testing.T) {
	t.Parallel()
	s := newSet()
	s.makeIndex()
	later, now := time.Now().Add(time.Hour), time.Now()
	const known = 500
	keep := million(1, known+1, later)
	s.add(keep)
	var over atomic.Bool
	var reading sync.WaitGroup
	for range 2 {
		reading.Go(func() {
			for i := int64(0); !over.Load(); i++ {
				e := &keep[i%known]
				code, _ := codeOf(e.Kind)
				if value, found := s.lookup(code, &e.Subject); !found || value != e.Value {
					t.Errorf("entry %d: found %t with %d", e.Seq, found, value)
					return
				}
			}
		})
	}
	for range 5 {
		s.add(million(known+1, 5*chunkRecords, now.Add(-time.Minute)))
		s.beginAgain()
		s.sweep(secondsDown(now), 0, 3)
		s.add(keep)
		s.sweep(secondsDown(now), 1<<40, 100)
	}
	over.Store(true)
	reading.Wait()
	if n := s.live(secondsDown(now)); n != known {
		t.Errorf("%d live, want %d", n, known)
	}
	s.sweep(secondsDown(later)+2, 1<<40, 100)
	if n := len(s.ghosts) + len(s.served); n != 0 || s.slots.Load() != 0 {
		t.Errorf("%d chunks and %d slots are held when all has run out", n, s.slots.Load())
	}
}

// A record may be given back when another one, of its key or of a neighbour, has left the index long
// since: a clock that went back makes later entries run out first.
func TestChunksAreGivenBackInWhateverOrderTheyRanOut(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	lone, long := subjectAt(1), subjectAt(2)
	entry := func(seq int64, subject Subject, until time.Duration) Entry {
		return Entry{Kill: Kill{Key: Key{Kind: Jti, Subject: subject}}, Seq: seq, Until: now.Add(until)}
	}
	for name, add := range map[string]func(s *set){
		"twice in one chunk": func(s *set) {
			s.add([]Entry{entry(1, lone, 2*time.Second), entry(2, lone, time.Second), entry(3, long, 3*time.Second)})
		},
		"again in a chunk that runs out first": func(s *set) {
			s.add([]Entry{entry(1, lone, time.Second), entry(2, long, 3*time.Second)})
			s.add([]Entry{entry(2+maxDelta, lone, 2*time.Second)}) // too far on for the first chunk
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSet()
			s.makeIndex()
			add(s)
			for second := range 6 {
				at := now.Add(time.Duration(second) * time.Second)
				s.sweep(secondsDown(at), 1<<40, 100)
				if _, found := s.find(codeJti, &long); second <= 3 && !found {
					t.Errorf("not found after %d s", second)
				}
			}
			if n := len(s.served); n != 0 || s.slots.Load() != 0 {
				t.Errorf("%d chunks and %d slots are held when all has run out", n, s.slots.Load())
			}
		})
	}
}

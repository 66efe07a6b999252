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

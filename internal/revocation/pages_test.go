package revocation

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/internal/auth"
)

// many is a feed of n entries that was read.
func many(t *testing.T, n int) *instance {
	t.Helper()
	store := &memory{head: Head{FeedID: testFeed, MaxTTL: testTTL, AsOf: time.Now()}}
	for ; n > 0; n -= 100 {
		store.kill(sessions(min(n, 100))...)
	}
	i := join(t, store)
	time.Sleep(2 * time.Second)
	return i
}

func (s *shelf) weight() (pages, bytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, page := range s.pages {
		bytes += cap(page.token)
	}
	for _, spare := range s.spare {
		bytes += cap(spare)
	}
	return len(s.pages), bytes
}

func TestTenThousandPollersAnywhereCostBoundedWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n, pollers = 60_000, 10_000
		i := many(t, n)
		random := rand.New(rand.NewPCG(1, 2))
		signed := i.Stats().Signed
		var crowd sync.WaitGroup
		for p := range pollers {
			cursor := Cursor{testFeed, int64(random.IntN(n)) + 1, random.Uint64()}
			if p%2 == 0 { // half of them stand on real places
				cursor.Mark = i.store.entries[cursor.Seq-1].Mark
			}
			crowd.Go(func() {
				answer, err := i.Poll(t.Context(), Ask{Cursor: cursor.String()})
				switch {
				case err == nil:
					answer.Done()
				case !errors.Is(err, ErrCursorUnknown):
					t.Error(err)
				}
			})
		}
		crowd.Wait()
		stats := i.Stats()
		if stats.Foreign < pollers/2-10 || stats.Foreign > pollers/2 {
			t.Errorf("%d cursors were foreign", stats.Foreign)
		}
		t.Log(stats.Signed - signed)
		if cost := stats.Signed - signed; cost > 25 { // four pages of the whole length, and two for each power of two
			t.Errorf("%d polls cost %d pages", pollers, cost)
		}
		pages, bytes := i.catchUp.weight()
		if pages > catchUpIdle || bytes > 6<<20 {
			t.Errorf("%d long pages stay, of %d bytes", pages, bytes)
		}
		if pages, bytes := i.tail.weight(); pages > tailIdle || bytes > 1<<20 {
			t.Errorf("%d pages of the tail stay, of %d bytes", pages, bytes)
		}
	})
}

// Who reads slowly keeps a page in memory, so there is an end to how many. Those who are at the tail,
// where logouts are told, do not feel it.
func TestSlowReadersPinNoMoreThanTheirShare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := many(t, 20_000)
		var slow []Answer
		var sent [][]byte // as they were when they were given out
		for {
			answer, err := i.Poll(t.Context(), Ask{Beginning: true})
			if err != nil {
				if !errors.Is(err, auth.ErrUnavailable) {
					t.Fatal(err)
				}
				break
			}
			if slow = append(slow, answer); len(slow) > catchUpMost {
				t.Fatal("there is no end")
			}
			sent = append(sent, bytes.Clone(answer.Token()))
			time.Sleep(time.Second) // the next one gets a new page
		}
		if len(slow) != catchUpMost {
			t.Errorf("%d pages were pinned, want %d", len(slow), catchUpMost)
		}
		tail := Cursor{testFeed, 19_990, i.store.entries[19_989].Mark}.String()
		if got, _ := i.ask(t, tail, 0); got.To != 20_000 {
			t.Errorf("the tail: to %d", got.To)
		}
		for n, answer := range slow {
			if !bytes.Equal(answer.Token(), sent[n]) {
				t.Errorf("page %d was written over while it was being sent", n)
			}
			answer.Done()
		}
		if got, _ := i.ask(t, "", 0); got.To != pageEntries {
			t.Errorf("afterwards: to %d", got.To)
		}
		if pages, weight := i.catchUp.weight(); pages > catchUpIdle || weight > 6<<20 || i.catchUp.leaving != 0 {
			t.Errorf("%d pages and %d bytes stay, %d are leaving", pages, weight, i.catchUp.leaving)
		}
	})
}

// Whoever wants a page that somebody is writing waits for it, and a key that fails fails for all.
func TestAPageThatCannotBeWrittenIsNobodys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, sessions(1)...)
		i.pen.gone.Store("one", true)
		var crowd sync.WaitGroup
		for range 50 {
			crowd.Go(func() {
				if _, err := i.Poll(t.Context(), Ask{Beginning: true}); !errors.Is(err, auth.ErrUnavailable) {
					t.Errorf("got %v", err)
				}
			})
		}
		crowd.Wait()
		i.pen.gone.Delete("one")
		i.ask(t, "", 0)
	})
}

// brittle is a signer that panics the first time.
type brittle struct {
	*pen
	broke bool
}

func (p *brittle) SignPage(into []byte, clock time.Time, payload []byte) ([]byte, string, error) {
	if !p.broke {
		p.broke = true
		time.Sleep(time.Millisecond) // so that others wait for the page
		panic("signer")
	}
	return p.pen.SignPage(into, clock, payload)
}

// The server survives a handler that panics. Then nobody may wait for a page that never comes.
func TestAPanicWhileAPageIsWrittenHoldsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, sessions(1)...)
		var err error
		if i.Feed, err = NewFeed(FeedConfig{Live: i.follower, Signer: &brittle{pen: i.pen}, Issuer: testIssuer, Now: time.Now}); err != nil {
			t.Fatal(err)
		}
		go func() {
			defer func() { _ = recover() }()
			_, _ = i.Poll(t.Context(), Ask{Beginning: true})
		}()
		synctest.Wait()
		waited := make(chan error, 1)
		go func() {
			_, err := i.Poll(t.Context(), Ask{Beginning: true})
			waited <- err
		}()
		time.Sleep(time.Second)
		select {
		case err := <-waited:
			if !errors.Is(err, auth.ErrUnavailable) {
				t.Errorf("who waited got %v", err)
			}
		default:
			t.Fatal("somebody waits for a page that nobody writes")
		}
		i.ask(t, "", 0)
	})
}

// shifty is a follower whose store goes back at the worst moment: while something is being read.
type shifty struct {
	*Follower
	onView, onEntries func()
}

func (s *shifty) View() View {
	if s.onView != nil {
		act := s.onView
		s.onView = nil
		act()
	}
	return s.Follower.View()
}

func (s *shifty) Entries(after int64, limit int, into []Entry) []Entry {
	if s.onEntries != nil {
		act := s.onEntries
		s.onEntries = nil
		act()
	}
	return s.Follower.Entries(after, limit, into)
}

func TestWhoBeginsGetsNoPageOfTwoHistories(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := start(t, sessions(10)...)
		live := &shifty{Follower: i.follower, onEntries: func() {
			i.store.loseLast(5)
			i.store.kill(sessions(20)...)
			time.Sleep(3 * pollEvery)
		}}
		var err error
		i.Feed, err = NewFeed(FeedConfig{Live: live, Signer: i.pen, Issuer: testIssuer, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := i.Poll(t.Context(), Ask{Beginning: true}); !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		if got, _ := i.ask(t, "", 0); got.To != 25 || len(got.Entries) != 25 {
			t.Errorf("afterwards: %d entries to %d", len(got.Entries), got.To)
		}
	})
}

// A page that was begun in one history and ended in another, or that answers a cursor of another, would
// be signed and have a gap.
func TestNoPageHidesAChangeOfHistory(t *testing.T) {
	t.Parallel()
	for name, arrange := range map[string]func(live *shifty, fork func()){
		"while a page is being read":        func(live *shifty, fork func()) { live.onEntries = fork },
		"after the cursor was found good":   func(live *shifty, fork func()) { live.onView = fork },
		"and while the page is being read ": func(live *shifty, fork func()) { live.onView = func() { live.onEntries = fork } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				i := start(t, sessions(10)...)
				i.kill(sessions(10)...)
				stood, _ := i.ask(t, "", 0)
				live := &shifty{Follower: i.follower}
				var err error
				i.Feed, err = NewFeed(FeedConfig{Live: live, Signer: i.pen, Issuer: testIssuer, Now: time.Now})
				if err != nil {
					t.Fatal(err)
				}
				arrange(live, func() {
					i.store.loseLast(5)
					i.store.kill(sessions(20)...)
					time.Sleep(3 * pollEvery)
				})
				i.refused(t, stood.cursor(), 0, auth.ErrUnavailable)
				i.refused(t, stood.cursor(), 0, ErrCursorUnknown)
				if got, _ := i.ask(t, "", 0); got.To != 35 || len(got.Entries) != 35 {
					t.Errorf("started over: %d entries to %d", len(got.Entries), got.To)
				}
			})
		})
	}
}

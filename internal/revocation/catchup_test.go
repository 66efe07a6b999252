package revocation

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// long is a store whose feed takes many readings.
func long(s *shared, entries int) {
	for i := range entries {
		s.commit(uint64(i+1), killed(strconv.Itoa(i)))
	}
}

const farAway = pollLimit + 5*catchUpLimit + 7

// gone takes entries out of the store, as its collector does.
func gone(s *shared, from, to int) {
	s.change(func() { s.rows = append(s.rows[:from:from], s.rows[to:]...) })
}

func TestALongFeedIsReadWholeAndInOrderWhereverTheCollectorWas(t *testing.T) {
	for name, gap := range map[string]struct{ from, to int }{
		"no gap": {}, "at the beginning": {0, pollLimit + 10}, "where a reading should begin": {pollLimit + catchUpLimit - 1, pollLimit + catchUpLimit + 1},
		"longer than a reading": {pollLimit + 5, pollLimit + 3*catchUpLimit}, "up to the newest": {100, farAway - 1},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *shared) {
				long(s, farAway)
				gone(s, gap.from, gap.to)
				f := runs(t, s, func(c *Config) {
					c.Forked = func(_ context.Context, fork Fork) { t.Errorf("told of a fork: %+v", fork) }
				})
				polls()
				got := f.Entries(0, farAway, nil)
				if len(got) != len(s.rows) {
					t.Fatalf("read %d entries, want %d", len(got), len(s.rows))
				}
				for i := range got {
					if got[i].Seq != s.rows[i].Seq || got[i].Subject != s.rows[i].Subject {
						t.Fatalf("entry %d is %v, want %v", i, got[i], s.rows[i])
					}
				}
				f.wants(t, Token{Sid: strconv.Itoa(farAway - 1)}, Dead)
				f.wants(t, Token{Sid: "nobody"}, Alive)
				if n := f.Stats().Restarts; n != 0 {
					t.Errorf("began again %d times", n)
				}
			})
		})
	}
}

// between does something before one of the readings of a store.
type between struct {
	*shared
	reading atomic.Int64
	do      func(reading int64) error
}

func (b *between) Follow(ctx context.Context, after int64, limit int) (Reading, error) {
	if err := b.do(b.reading.Add(1)); err != nil {
		return Reading{}, err
	}
	return b.shared.Follow(ctx, after, limit)
}

func TestAReadingThatFailsFarBehindTheHeadIsReadAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shared) {
		long(s, farAway)
		f := runs(t, &between{shared: s, do: func(reading int64) error {
			if reading%3 == 0 && reading < 12 {
				return errors.New("cut off")
			}
			return nil
		}})
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(f.Entries(0, farAway, nil)); n != farAway {
			t.Errorf("read %d entries, want %d", n, farAway)
		}
		if n := f.Stats().Failures; n == 0 {
			t.Error("no reading failed")
		}
	})
}

// A backup comes back while the feed is being read: nothing of the new history is skipped.
func TestAHistoryThatChangesFarBehindTheHeadIsReadFromItsBeginning(t *testing.T) {
	for at := int64(2); at < 6; at++ {
		inBubbleOf(t, "before reading "+strconv.FormatInt(at, 10), func(t *testing.T, s *shared) {
			long(s, farAway)
			f := runs(t, &between{shared: s, do: func(reading int64) error {
				if reading == at {
					s.change(func() { s.rows, s.head.Seq, s.head.Mark = nil, 0, 0 })
					for i := range farAway {
						s.commit(uint64(1<<32+i), killed("new-"+strconv.Itoa(i)))
					}
				}
				return nil
			}})
			time.Sleep(time.Second)
			synctest.Wait()
			got := f.Entries(0, farAway, nil)
			if len(got) != farAway {
				t.Fatalf("serves %d entries, want %d", len(got), farAway)
			}
			for i := range got {
				if got[i].Mark != uint64(1<<32+i) {
					t.Fatalf("serves %v, which is not of the store's history", got[i])
				}
			}
			f.wants(t, Token{Sid: "0"}, Dead)
			f.wants(t, Token{Sid: "new-" + strconv.Itoa(farAway-1)}, Dead)
		})
	}
}

func inBubbleOf(t *testing.T, name string, claim func(t *testing.T, s *shared)) {
	t.Run(name, func(t *testing.T) { inBubble(t, claim) })
}

// Whoever waits for what was committed by now must not be told by a reading that began before.
func TestNobodyIsToldByAReadingThatWasAskedForBeforeItsTurn(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shared) {
		long(s, farAway)
		var f *Follower
		var next <-chan struct{}
		store := &between{shared: s, do: func(reading int64) error {
			if reading == 4 { // others are under way
				s.commit(1<<40, killed("late"))
				next = f.NextPoll()
			}
			return nil
		}}
		f, err := New(Config{Store: store, Now: time.Now, MaxTTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		t.Cleanup(cancel)
		go func() { _ = f.Run(ctx) }()
		synctest.Wait()
		<-next
		f.wants(t, Token{Sid: "late"}, Dead)
	})
}

// The index is made at once when the feed was read, and grows later: what it finds is the same.
func TestAnIndexThatIsMadeAtOnceFindsWhatOneThatGrowsFinds(t *testing.T) {
	t.Parallel()
	later := time.Now().Add(time.Hour)
	atOnce, growing := newSet(), newSet()
	growing.makeIndex()
	entries := million(1, 3*chunkRecords, later)
	for i := range entries {
		if i%3 == 0 { // a few users again and again, some in each half of the shards
			entries[i].Kind, entries[i].Value, entries[i].Subject = Sub, int64(i), SubjectOf(strconv.Itoa(i%51))
		}
	}
	for _, s := range []*set{atOnce, growing} {
		s.add(entries)
		s.makeIndex()
		s.makeIndex()
	}
	for i := range entries {
		e := &entries[i]
		code, _ := codeOf(e.Kind)
		got, found := atOnce.lookup(code, &e.Subject)
		want, _ := growing.lookup(code, &e.Subject)
		if !found || got != want {
			t.Fatalf("entry %d: got %d, %t, want %d", e.Seq, got, found, want)
		}
	}
	for _, s := range []*set{atOnce, growing} {
		s.sweep(secondsDown(later)+2, 1<<40, 100)
		if n := s.slots.Load(); n != 0 {
			t.Errorf("%d slots are held when all has run out", n)
		}
	}
}

package revocation

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// shared is a store in memory that any number of followers read, and whose history can be changed.
type shared struct {
	mu      sync.Mutex
	head    Head
	rows    []Entry
	ahead   time.Duration // of the store's clock before the process's
	down    error
	vouches int
	bounds  []time.Time // of collections
}

func newShared() *shared {
	return &shared{head: Head{FeedID: "feed", MaxTTL: time.Hour, AsOf: time.Now()}}
}

func (s *shared) clock() time.Time { return time.Now().Add(s.ahead) }

func (s *shared) Follow(_ context.Context, after int64, limit int) (r Reading, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Head, r.Clock = s.head, s.clock()
	// As an index does: followers of half an hour read thousands of times, nearly always nothing.
	next, _ := slices.BinarySearchFunc(s.rows, after+1, func(row Entry, seq int64) int { return cmp.Compare(row.Seq, seq) })
	if next > 0 && s.rows[next-1].Seq == after {
		r.Found, r.Mark = true, s.rows[next-1].Mark
	}
	r.Entries = slices.Clone(s.rows[next:min(len(s.rows), next+limit)])
	return r, s.down
}

func (s *shared) Vouch(_ context.Context, seen time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down == nil && s.head.AsOf.Equal(seen) {
		s.head.AsOf = s.clock()
		s.vouches++
	}
	return s.down
}

func (s *shared) CollectKills(_ context.Context, before time.Time, keep int64, _ int) (n int, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bounds = append(s.bounds, before)
	s.rows = slices.DeleteFunc(s.rows, func(e Entry) bool {
		gone := e.Until.Before(before) && e.Seq <= s.head.Seq-keep && e.Kind != Kid
		if gone {
			n++
		}
		return gone
	})
	return n, nil
}

// commit adds entries by one transaction, whose mark is given.
func (s *shared) commit(mark uint64, kills ...Kill) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, kill := range kills {
		s.head.Seq++
		s.rows = append(s.rows, Entry{Kill: kill, Seq: s.head.Seq, Until: Until(s.clock(), s.head.MaxTTL), Mark: mark})
	}
	s.head.Mark = mark
	if now := s.clock(); now.After(s.head.AsOf) {
		s.head.AsOf = now
	}
}

// change does to the store what no transaction of authd's does.
func (s *shared) change(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

func killed(claim string) Kill { return Kill{Key: Key{Sid, SubjectOf(claim)}} }

func below(user string, epoch int64) Kill { return Kill{Key: Key{Sub, SubjectOf(user)}, Value: epoch} }

// inBubble runs a claim in virtual time.
func inBubble(t *testing.T, claim func(t *testing.T, s *shared)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { claim(t, newShared()) })
}

// runs starts a follower that ends with the bubble.
func runs(t *testing.T, s Store, change ...func(*Config)) *Follower {
	t.Helper()
	c := Config{Store: s, Now: time.Now, MaxTTL: time.Hour}
	for _, alter := range change {
		alter(&c)
	}
	f, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go func() { _ = f.Run(ctx) }()
	synctest.Wait()
	return f
}

// polls lets every follower poll.
func polls() {
	time.Sleep(2 * pollEvery)
	synctest.Wait()
}

func (f *Follower) wants(t *testing.T, token Token, want Verdict) {
	t.Helper()
	if got := f.Check(token); got != want {
		t.Errorf("%+v: got %v, want %v", token, got, want)
	}
}

func TestAKillIsObeyedByTheNextPollAndAtOnceByWhoeverIsWoken(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shared) {
		woken, other := runs(t, s), runs(t, s)
		s.commit(1, killed("s"))
		woken.Wake()
		synctest.Wait()
		woken.wants(t, Token{Sid: "s"}, Dead)
		other.wants(t, Token{Sid: "s"}, Alive)
		time.Sleep(pollEvery)
		synctest.Wait()
		other.wants(t, Token{Sid: "s"}, Dead)
	})
}

func TestEachKindOfKillNamesItsOwnClaim(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shared) {
		for _, kind := range kinds {
			s.commit(uint64(len(kind)), Kill{Key: Key{kind, SubjectOf("x")}, Value: 3})
		}
		f := runs(t, s)
		for _, test := range []struct {
			token Token
			want  Verdict
		}{
			{Token{Sid: "x"}, Dead}, {Token{Jti: "x"}, Dead}, {Token{Kid: "x"}, Dead},
			{Token{Sub: "x", Epoch: 2}, Dead}, {Token{Sub: "x", Epoch: 3}, Alive},
			{Token{Sid: "y", Jti: "y", Sub: "y", Kid: "y"}, Alive}, {Token{}, Alive},
		} {
			f.wants(t, test.token, test.want)
		}
	})
}

// C24: a store that answers and takes no writes does not look fresh.
func TestC24WhoeverCannotVouchGoesStale(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shared) {
		s.commit(1, killed("s"))
		f := runs(t, s, func(c *Config) { c.Store = cutOff{s} })
		time.Sleep(MaxStaleness - 2*pollEvery)
		synctest.Wait()
		f.wants(t, Token{Sid: "t"}, Alive)
		time.Sleep(4 * pollEvery)
		synctest.Wait()
		f.wants(t, Token{Sid: "t"}, Unknown)
		f.wants(t, Token{Sid: "s"}, Dead) // never taken back
		s.commit(2, killed("u"))          // writes go through again
		polls()
		f.wants(t, Token{Sid: "t"}, Alive)
	})
}

// cutOff is a primary that lost its replicas: it answers reads, and no commit returns.
type cutOff struct{ *shared }

func (cutOff) Vouch(ctx context.Context, _ time.Time) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestWithoutAnswersEverybodyGoesStaleIsToldOnceAndHeals(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shared) {
		var told []error
		f := runs(t, s, func(c *Config) { c.Failed = func(_ context.Context, err error) { told = append(told, err) } })
		down := errors.New("no route to host")
		s.change(func() { s.down = down })
		time.Sleep(MaxStaleness + 3*time.Second)
		synctest.Wait()
		f.wants(t, Token{Sid: "t"}, Unknown)
		if !slices.Equal(told, []error{down}) {
			t.Errorf("told %v, want the one cause once", told)
		}
		s.change(func() { s.down = nil })
		time.Sleep(maxPause)
		polls()
		f.wants(t, Token{Sid: "t"}, Alive)
		if !slices.Equal(told, []error{down, nil}) {
			t.Errorf("told %v, want the cause and its end", told)
		}
	})
}

func TestNobodyIsKnownToLiveBeforeTheFeedWasReadOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shared) {
		s.down = errors.New("starting up")
		f := runs(t, s)
		f.wants(t, Token{Sid: "t"}, Unknown)
		if f.Loaded() || !f.Stale() {
			t.Errorf("loaded: %t, stale: %t", f.Loaded(), f.Stale())
		}
	})
}

// N instances make one write every two seconds, not N.
func TestOneOfManyVouches(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shared) {
		for range 10 {
			runs(t, s)
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if s.vouches < 8 || s.vouches > 10 {
			t.Errorf("%d writes in 20 s, want one every 2 s", s.vouches)
		}
	})
}

// C13: what either clock still needs is kept, served and obeyed.
func TestC13NeitherClockAloneForgetsAKill(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"the store's is ahead": time.Hour, "the process's is ahead": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *shared) {
				s.head.MaxTTL = time.Minute
				s.commit(1, killed("s"))
				var process atomic.Int64 // how far this process's clock is ahead
				f := runs(t, s, func(c *Config) {
					c.Now = func() time.Time { return time.Now().Add(time.Duration(process.Load())) }
				})
				s.change(func() { s.ahead = max(ahead, 0) })
				process.Store(int64(max(-ahead, 0)))
				time.Sleep(2 * collectEvery)
				synctest.Wait()
				f.wants(t, Token{Sid: "s"}, Dead)
				if len(f.Entries(0, 10, nil)) != 1 || len(s.rows) != 1 {
					t.Errorf("%d entries are served, %d are stored, want both", len(f.Entries(0, 10, nil)), len(s.rows))
				}
			})
		})
	}
}

func TestWhatRanOutIsNeitherServedNorCounted(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shared) {
		s.commit(1, killed("s"), Kill{Key: Key{Kid, SubjectOf("k")}}, below("u", 2))
		f := runs(t, s)
		time.Sleep(time.Hour + Grace + time.Minute)
		synctest.Wait()
		entries := f.Entries(0, 10, nil)
		if len(entries) != 1 || entries[0].Kind != Kid || f.Stats().Live != 1 {
			t.Errorf("serves %v and counts %d, want the killed key alone", entries, f.Stats().Live)
		}
		f.wants(t, Token{Kid: "k"}, Dead)
	})
}

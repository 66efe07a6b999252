package revocation

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// crowded is a subject of the first table whose chain begins at one of four places: in a crowd everybody
// has to pass everybody, graves and tables that are replaced.
func crowded(n uint64) (s Subject) {
	binary.LittleEndian.PutUint64(s[:8], n%4<<10)
	binary.LittleEndian.PutUint32(s[8:], uint32(n))
	return s
}

// A value that was told of is never seen smaller again, nor not at all: while users of the same table are
// raised (each has one slot or, when a clock went back, several), while others run out, their chunks are
// given back and their slots become graves and are used anew, and while the feed is read again.
func TestNoLookEverSeesLessThanTheOneBefore(t *testing.T) {
	t.Parallel()
	const users, rounds, each, gap = 8, 70, 60, maxDelta / 50 // some 50 records fill a chunk
	s := newSet()
	s.makeIndex()
	var floors [users]atomic.Int64
	var over atomic.Bool
	var reading sync.WaitGroup
	for reader := range 3 {
		reading.Go(func() {
			for i := uint64(reader); !over.Load(); i++ {
				user := i % users
				subject, least := crowded(user), floors[user].Load()
				if value, found := s.find(codeSub, &subject); value < least || found != (value > 0) {
					t.Errorf("user %d: found %t with %d, and it was %d before", user, found, value, least)
					return
				}
			}
		})
	}
	var told [users]int64
	random := rand.New(rand.NewPCG(1, 2))
	now, seq, others := time.Unix(1_800_000_000, 0), int64(0), uint64(users)
	for round := range rounds {
		entries := make([]Entry, 0, each)
		for range each {
			seq += gap
			e := Entry{Kill: Kill{Key: Key{Kind: Sub}}, Seq: seq, Until: now.Add(time.Duration(random.IntN(3)) * time.Second)}
			if random.IntN(10) == 0 {
				user := random.Uint64N(users)
				told[user] = seq
				e.Subject, e.Value, e.Until = crowded(user), seq, now.Add(time.Hour-time.Duration(random.IntN(9))*time.Second)
			} else if e.Subject = crowded(others); random.IntN(2) == 0 {
				others++
			}
			entries = append(entries, e)
		}
		if round%7 == 6 {
			s.beginAgain()
		}
		s.add(entries)
		for user := range floors {
			floors[user].Store(told[user])
		}
		now = now.Add(2 * time.Second)
		s.sweep(secondsDown(now), 1<<40, random.IntN(4))
	}
	over.Store(true)
	reading.Wait()
	s.sweep(secondsDown(now.Add(2*time.Hour)), 1<<40, 1<<20)
	if n := len(s.ghosts) + len(s.served); n != 0 || s.slots.Load() != 0 {
		t.Errorf("%d chunks and %d slots are held when all has run out", n, s.slots.Load())
	}
}

package live

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"unsafe"
)

// model is a set as one would write it without a thought for memory.
type model map[string]Record

func (m model) add(r Record) {
	id := fmt.Sprint(r.Kind, r.Digest)
	had := m[id]
	r.Value, r.Until = max(r.Value, had.Value), max(r.Until, had.Until)
	m[id] = r
}

// compare checks that a set and the model know the same.
func (m model) compare(t *testing.T, s *Set) {
	t.Helper()
	if got := s.Len(); got != len(m) {
		t.Fatalf("got %d records, want %d", got, len(m))
	}
	for _, r := range m {
		if value, ok := s.Value(r.Kind, &r.Digest); !ok || value != r.Value {
			t.Fatalf("%v: got %d, %v; want %d", r, value, ok, r.Value)
		}
	}
}

func record(random *rand.Rand, subjects int) Record {
	return Record{
		Kind:   Kind(1 + random.IntN(3)),
		Digest: DigestOf(strconv.Itoa(random.IntN(subjects))),
		Until:  uint32(random.IntN(1000)),
		Value:  random.Uint64N(MaxValue + 1),
	}
}

// Every change that a set can see, in any order, against the plain map.
func TestASetIsWhatAMapWouldBe(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 0))
		var s Set
		m := make(model)
		for range 12 {
			for range random.IntN(1000) {
				r := record(random, 1500)
				if err := s.Add(r); err != nil {
					t.Fatal(err)
				}
				m.add(r)
			}
			m.compare(t, &s)
			before := uint32(random.IntN(600))
			for limit := 100 + random.IntN(500); s.Forget(before, limit) > 0 || !m.swept(&s, before); {
			}
			for id, r := range m {
				if r.Until < before {
					delete(m, id)
				}
			}
			m.compare(t, &s)
		}
	}
}

// swept reports whether nothing of what should be gone is there.
func (m model) swept(s *Set, before uint32) bool {
	for _, r := range m {
		if _, ok := s.Value(r.Kind, &r.Digest); ok && r.Until < before {
			return false
		}
	}
	return true
}

func TestARecordThatWasNotAddedIsNotThere(t *testing.T) {
	t.Parallel()
	var s Set
	d := DigestOf("a")
	if _, ok := s.Value(Session, &d); ok {
		t.Error("an empty set has a record")
	}
	if s.Forget(10, 10) != 0 || s.Len() != 0 {
		t.Error("an empty set has something to forget")
	}
	for i := range 30_000 {
		if err := s.Add(Record{Kind: Session, Digest: DigestOf(strconv.Itoa(i))}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 30_000 {
		d := DigestOf(strconv.Itoa(i))
		if _, ok := s.Value(Token, &d); ok {
			t.Fatal("a record of one kind was found by another")
		}
		d = DigestOf(strconv.Itoa(i + 30_000))
		if _, ok := s.Value(Session, &d); ok {
			t.Fatal("a record was found that was never added")
		}
	}
}

func TestTheGreaterValueAndTheLaterUntilStand(t *testing.T) {
	t.Parallel()
	var s Set
	d := DigestOf("a")
	for _, r := range []Record{{Subject, d, 10, 5}, {Subject, d, 20, 3}, {Subject, d, 15, 4}} {
		if err := s.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if value, ok := s.Value(Subject, &d); value != 5 || !ok || s.Len() != 1 {
		t.Errorf("got %d, %v, and %d records", value, ok, s.Len())
	}
	if s.Forget(20, 100) != 0 || s.Forget(21, 100) != 1 {
		t.Error("the later until does not stand")
	}
}

// What has run out is given back, in steps of which none is long.
func TestWhatIsForgottenIsGivenBack(t *testing.T) {
	t.Parallel()
	var s Set
	const n = 100_000
	for i := range n {
		if err := s.Add(Record{Kind: Session, Digest: DigestOf(strconv.Itoa(i)), Until: 1}); err != nil {
			t.Fatal(err)
		}
	}
	for steps := 0; s.Len() > 0; steps++ {
		if dropped := s.Forget(2, 1000); dropped > 1000 {
			t.Fatalf("a step of 1000 dropped %d", dropped)
		}
		if steps > n/1000+shards {
			t.Fatalf("%d records are left after %d steps of 1000", s.Len(), steps)
		}
	}
	s.Forget(2, shards)
	for i := range s.parts {
		if p := &s.parts[i]; len(p.chunks) > 1 || len(p.index) > 0 {
			t.Fatalf("an empty shard keeps %d chunks and %d places", len(p.chunks), len(p.index))
		}
	}
}

// ErrFull is the answer, and not a record that overwrites another.
func TestAFullTableTakesNoMore(t *testing.T) {
	t.Parallel()
	tab := table{n: maxRecords}
	if err := tab.insert(slot{}); err != ErrFull {
		t.Errorf("got %v, want ErrFull", err)
	}
}

// For the race detector: readers, writers and the sweep at once.
func TestReadersAndWritersDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	var s Set
	kept := DigestOf("kept")
	if err := s.Add(Record{Subject, kept, 1000, 7}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 1))
			for range 2000 {
				if err := s.Add(record(random, 5000)); err != nil {
					t.Error(err)
				}
				if value, ok := s.Value(Subject, &kept); !ok || value != 7 {
					t.Errorf("got %d, %v", value, ok)
					return
				}
				if random.IntN(100) == 0 {
					s.Forget(uint32(random.IntN(1000)), 500)
				}
			}
		})
	}
	all.Wait()
}

// C23: what a million kills take is known, and looking among them takes nothing.
func TestC23AMillionRecordsTake32MiB(t *testing.T) {
	// Not parallel: it counts what is allocated.
	const n = 1_000_000
	var s Set
	var d Digest
	for i := range uint64(n) { // as even as digests are, without their cost
		binary.LittleEndian.PutUint64(d[:], i*0x9e3779b97f4a7c15)
		if err := s.Add(Record{Kind: Session, Digest: d, Until: 1}); err != nil {
			t.Fatal(err)
		}
	}
	var bytes uintptr
	for i := range s.parts {
		p := &s.parts[i]
		bytes += uintptr(len(p.chunks))*unsafe.Sizeof([chunkLen]slot{}) + uintptr(cap(p.chunks))*unsafe.Sizeof(p) + uintptr(len(p.index))*4
	}
	if s.Len() != n || bytes > 33<<20 {
		t.Errorf("%d records take %.1f MiB", s.Len(), float64(bytes)/(1<<20))
	}
	if got := testing.AllocsPerRun(100, func() { s.Value(Session, &d); s.Value(Token, &d) }); got != 0 {
		t.Errorf("a lookup allocates %v times", got)
	}
}

func BenchmarkValueAmongAMillion(b *testing.B) {
	var s Set
	for i := range 1_000_000 {
		if err := s.Add(Record{Kind: Session, Digest: DigestOf(strconv.Itoa(i))}); err != nil {
			b.Fatal(err)
		}
	}
	digests := make([]Digest, 1<<16)
	for i := range digests {
		digests[i] = DigestOf(strconv.Itoa(i * 31)) // half of them are there
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Value(Session, &digests[i%len(digests)])
	}
}

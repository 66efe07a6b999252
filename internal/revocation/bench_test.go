package revocation

import (
	"encoding/binary"
	"runtime"
	"testing"
	"time"
)

// million is entries as a store reads them, sessions and, every eighth, users. Their subjects are spread
// as those of SHA-256 are.
func million(from, to int64, until time.Time) []Entry {
	entries := make([]Entry, 0, to-from)
	for seq := from; seq < to; seq++ {
		e := Entry{Kill: Kill{Key: Key{Kind: Sid, Subject: subjectAt(seq)}}, Seq: seq, Until: until, Mark: uint64(seq)}
		if seq%8 == 0 {
			e.Kind, e.Value = Sub, seq
		}
		entries = append(entries, e)
	}
	return entries
}

func subjectAt(seq int64) Subject {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(seq))
	return SubjectOf(string(b[:]))
}

func filled(n int64) *set {
	s := newSet()
	for from := int64(1); from <= n; from += pollLimit {
		s.add(million(from, min(from+pollLimit, n+1), time.Now().Add(time.Hour)))
	}
	s.makeIndex()
	return s
}

// Half of the look-ups find something.
func BenchmarkLookUpAmongAMillion(b *testing.B) {
	s := filled(1_000_000)
	subjects := make([]Subject, 1<<16)
	for i := range subjects {
		subjects[i] = subjectAt(int64(i) * 31)
		if i%2 == 0 {
			subjects[i] = subjectAt(int64(-i))
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		s.lookup(codeSid, &subjects[i%len(subjects)])
	}
}

func BenchmarkAddAMillion(b *testing.B) {
	batches := make([][]Entry, 0, 128)
	for from := int64(1); from <= 1_000_000; from += pollLimit {
		batches = append(batches, million(from, min(from+pollLimit, 1_000_001), time.Now().Add(time.Hour)))
	}
	b.ResetTimer()
	for b.Loop() {
		s := newSet()
		for _, batch := range batches {
			s.add(batch)
		}
		s.makeIndex()
	}
}

// What a million live kills keep on the heap.
func BenchmarkMemoryOfAMillion(b *testing.B) {
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		s := filled(1_000_000)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
		runtime.KeepAlive(s)
	}
}

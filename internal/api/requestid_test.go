package api

import (
	"crypto/rand"
	"errors"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/iotest"
)

// Ids are drawn many at a time; no two requests may get the same, however many ask at once.
func TestRequestsThatComeAtOnceGetIdsOfTheirOwn(t *testing.T) {
	t.Parallel()
	const askers, each = 8, 200
	source := &idBlocks{random: rand.Reader}
	var mu sync.Mutex
	seen := make(map[string]bool)
	var all sync.WaitGroup
	for range askers {
		all.Go(func() {
			for range each {
				id, err := requestID(httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), source)
				mu.Lock()
				if err != nil || len(id) != 22 || seen[id] {
					t.Errorf("got %q, %v; seen before: %t", id, err, seen[id])
				}
				seen[id] = true
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(seen) != askers*each {
		t.Errorf("got %d ids, want %d", len(seen), askers*each)
	}
}

func TestWithoutRandomnessThereIsNoId(t *testing.T) {
	t.Parallel()
	source := &idBlocks{random: iotest.ErrReader(errors.New("no randomness"))}
	for range 2 {
		if id, err := requestID(httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), source); err == nil || id != "none" {
			t.Errorf("got %q, %v", id, err)
		}
	}
}

package pgwire

import (
	"sync/atomic"
	"testing"
)

func TestMessagesThatAreWaitedForAreCountedHoweverTheStreamIsCut(t *testing.T) {
	t.Parallel()
	startup := "\x00\x00\x00\x09\x00\x03\x00\x00\x00"
	parse, sync, query := "P\x00\x00\x00\x06SS", "S\x00\x00\x00\x04", "Q\x00\x00\x00\x08SQS\x00"
	stream := startup + parse + sync + query + parse + parse + sync
	for size := 1; size <= len(stream); size++ {
		var waited atomic.Int64
		c := &counter{waited: &waited}
		for rest := stream; rest != ""; {
			n := min(size, len(rest))
			_, _ = c.Write([]byte(rest[:n]))
			rest = rest[n:]
		}
		if got := waited.Load(); got != 3 {
			t.Errorf("in pieces of %d bytes: got %d, want 3", size, got)
		}
	}
}

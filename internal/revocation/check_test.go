package revocation

import (
	"strings"
	"testing"
	"time"
)

// Who looked before the kill was read must not take its freshness from the reading that brought it: after
// an outage that would let a dead token pass.
func TestNewsThatComeDuringALookDoNotVouchForIt(t *testing.T) {
	t.Parallel()
	for range 20 {
		s := newShared()
		s.commit(1, Kill{Key: Key{Kid, SubjectOf("k")}})
		f, err := New(Config{Store: s, Now: time.Now, MaxTTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		token := Token{Kid: "k", Sid: strings.Repeat("s", 1<<20)} // hashed after the kid was looked at
		first, verdict := make(chan struct{}), make(chan Verdict)
		go func() {
			now := f.Check(token)
			for close(first); now == Unknown; now = f.Check(token) {
			}
			verdict <- now
		}()
		<-first
		if _, err := f.poll(t.Context()); err != nil {
			t.Error(err)
		}
		if got := <-verdict; got != Dead {
			t.Fatalf("got %v, want Dead", got)
		}
	}
}

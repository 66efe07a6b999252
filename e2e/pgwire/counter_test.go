package pgwire

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// message is one as a client sends it.
func message(kind byte, content ...string) string {
	text := strings.Join(content, "\x00")
	return string(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(text)+4))) + text
}

func TestWhatIsWaitedForAndExecutedIsCountedHoweverTheStreamIsCut(t *testing.T) {
	t.Parallel()
	long := "select '" + strings.Repeat("SEQ", heed) + "'"
	stream := "\x00\x00\x00\x09\x00\x03\x00\x00\x00" + // the first message has no type
		message('P', "one", "select 1", "SSSSS") + message('P', "long", long, "") + message('S') +
		message('B', "", "one", strings.Repeat("Q", 2*heed)) + message('E', "", "\x00\x00\x00") +
		message('B', "", "long", "") + message('E', "", "\x00\x00\x00") + message('S') +
		message('B', "", "one", "") + message('E', "", "\x00\x00\x00") + message('S') +
		message('Q', "commit", "")
	want := map[string]int{"select 1": 2, long: 1, "commit": 1}
	for size := 1; size <= len(stream); size++ {
		w := &Wire{statements: make(map[string]int)}
		c := &counter{wire: w, prepared: make(map[string]string)}
		for rest := stream; rest != ""; {
			n := min(size, len(rest))
			_, _ = c.Write([]byte(rest[:n]))
			rest = rest[n:]
		}
		if got := w.Waited(); got != 4 {
			t.Errorf("in pieces of %d bytes: got %d messages, want 4", size, got)
		}
		if diff := cmp.Diff(want, w.Statements()); diff != "" {
			t.Errorf("in pieces of %d bytes: statements (-want +got):\n%s", size, diff)
		}
	}
}

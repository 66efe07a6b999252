package audit

import (
	"context"
	"crypto/rand"
	"net/netip"
	"testing"
	"time"

	"github.com/authd/authd/internal/pieces"
)

// ofTheAudit is what a request does to be written down later.
func ofTheAudit(tb testing.TB) []pieces.Piece {
	dropped := 0
	w, err := NewWriter(WriterConfig{Store: struct{ Store }{}, Now: time.Now, Random: rand.Reader,
		Again: func(error) bool { return false }, Dropped: func(int, error) { dropped++ }})
	if err != nil {
		tb.Fatal(err)
	}
	event := Event{Name: LoginFailed, User: [16]byte{1}, Address: netip.MustParseAddr("192.0.2.7"), UserAgent: "test/1"}
	return []pieces.Piece{
		pieces.Of("record an event", 1, pieces.Holds(func() bool {
			w.Record(context.Background(), event)
			if w.Waiting() == maxBatch {
				w.take() // in the place of Run
			}
			return dropped == 0
		})),
	}
}

func TestRecordingAnEventAllocatesNoMoreThanItHasTo(t *testing.T) { pieces.Hold(t, ofTheAudit(t)) }

func BenchmarkPieces(b *testing.B) { pieces.Bench(b, ofTheAudit(b)) }

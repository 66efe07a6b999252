package revocation

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

// failing is a store that goes down after so many readings, and counts who asks it then.
type failing struct {
	*shared
	good  int
	asked atomic.Int64
}

func (s *failing) Follow(ctx context.Context, after int64, limit int) (Reading, error) {
	if s.good--; s.good >= 0 {
		return s.shared.Follow(ctx, after, limit)
	}
	if s.asked.Add(1) >= 1000 {
		<-ctx.Done() // or the bubble's clock would never move on
	}
	return Reading{}, errors.New("connection refused")
}

// What is read without a pause, because there is more to read, is not read without one when it fails.
func TestAStoreThatFailsWhileThereIsMoreToReadIsLeftAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shared) {
		for n := range int64(pollLimit) + 1 {
			s.commit(uint64(n), below("u", n+1))
		}
		store := &failing{shared: s, good: 1}
		runs(t, store)
		time.Sleep(10 * time.Second)
		if n := store.asked.Load(); n < 5 || n > 20 {
			t.Errorf("asked %d times in 10 s, want about one a second", n)
		}
	})
}

package revocation

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// keeping is a store that notes how much of it the collector leaves unread.
type keeping struct {
	*shared
	keeps []int64
}

func (k *keeping) CollectKills(ctx context.Context, before time.Time, keep int64, limit int) (int, error) {
	k.keeps = append(k.keeps, keep)
	return k.shared.CollectKills(ctx, before, keep, limit)
}

// A million rows that live are not read every minute to find none that has run out.
func TestTheCollectorLooksNoFurtherThanSomethingHasRunOut(t *testing.T) {
	inBubble(t, func(t *testing.T, s *shared) {
		for i := range 5000 {
			s.commit(1, killed("early-"+strconv.Itoa(i)))
		}
		store := &keeping{shared: s}
		runs(t, store)
		time.Sleep(30 * time.Minute)
		for i := range 5000 {
			s.commit(2, killed("late-"+strconv.Itoa(i)))
		}
		synctest.Wait()
		if len(store.keeps) != 0 {
			t.Errorf("nothing has run out, and the store was asked %d times", len(store.keeps))
		}
		time.Sleep(40 * time.Minute)
		synctest.Wait()
		if len(store.keeps) == 0 || store.keeps[0] != 5000 {
			t.Errorf("the collector kept %v, want the 5000 that live", store.keeps)
		}
		if n := len(s.rows); n != 5000 {
			t.Errorf("%d rows are left, want 5000", n)
		}
	})
}

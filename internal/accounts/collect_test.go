package accounts_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/internal/accounts"
)

// dated is a store of counters that only remembers what it was asked to delete.
type dated struct {
	ahead  time.Duration // of its clock
	left   int
	mu     sync.Mutex
	before []time.Time // guarded by mu
}

func (d *dated) Clock(context.Context) (time.Time, error) { return time.Now().Add(d.ahead), nil }

func (d *dated) CollectCounters(_ context.Context, before time.Time, limit int) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = append(d.before, before)
	deleted := min(limit, d.left)
	d.left -= deleted
	return deleted, nil
}

// A day after the last failure, by the store's clock and by the process's.
func TestCountersAreForgottenAfterADayByBothClocks(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{-time.Hour, 0, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			d := &dated{ahead: ahead, left: 2500}
			ctx, stop := context.WithCancel(t.Context())
			go func() {
				if err := (&accounts.Collector{Store: d, Now: time.Now}).Run(ctx); err != nil {
					t.Error(err)
				}
			}()
			time.Sleep(10*time.Minute + time.Second)
			synctest.Wait()
			want := time.Now().Add(-time.Second + min(0, ahead) - 24*time.Hour)
			if len(d.before) != 3 || d.left != 0 || !d.before[0].Equal(want) {
				t.Errorf("deleted before %v, and %d are left; want three times before %v", d.before, d.left, want)
			}
			stop()
			synctest.Wait()
		})
	}
}

package password

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// machine is one whose clock goes on by the work that is done, each core after the other.
type machine struct {
	mu    sync.Mutex
	clock time.Time
	least time.Duration // of LeastCost
	ran   map[int]int   // how often each cost was computed
}

func newMachine(least time.Duration) *machine {
	return &machine{clock: time.Unix(0, 0), least: least, ran: map[int]int{}}
}

func (m *machine) now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.clock
}

func (m *machine) hash(cost int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clock = m.clock.Add(m.least << (cost - LeastCost))
	m.ran[cost]++
	return nil
}

func (m *machine) calibration(workers int, limit time.Duration) Calibration {
	return Calibration{Workers: workers, Limit: limit, Now: m.now, hash: m.hash}
}

func TestEveryCostIsMeasuredAloneAndOnAllCores(t *testing.T) {
	t.Parallel()
	m := newMachine(64 * time.Millisecond)
	got, err := m.calibration(2, time.Hour).Measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ms := time.Millisecond
	want := []Speed{ // two workers on a machine of one core: each waits for the other
		{10, 64 * ms, 128 * ms, 15.625, false}, {11, 128 * ms, 256 * ms, 7.8125, false}, {12, 256 * ms, 512 * ms, 3.90625, false},
		{13, 512 * ms, 1024 * ms, 1.953125, false}, {14, 1024 * ms, 2048 * ms, 0.9765625, false},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-9, 0)); diff != "" {
		t.Errorf("speeds (-want +got):\n%s", diff)
	}
	if m.ran[MaxCost] != runsAlone+2*runsBusy {
		t.Errorf("the greatest cost was computed %d times", m.ran[MaxCost])
	}
}

func TestWhatThereIsNoTimeForIsEstimated(t *testing.T) {
	t.Parallel()
	for limit, measured := range map[time.Duration]int{time.Nanosecond: 1, 2 * time.Second: 2, 4 * time.Second: 3, time.Minute: 5} {
		m := newMachine(100 * time.Millisecond)
		speeds, err := m.calibration(1, limit).Measure(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(m.ran) != measured || len(speeds) != MaxCost-LeastCost+1 {
			t.Errorf("%v: %d of %d costs were computed, want %d", limit, len(m.ran), len(speeds), measured)
		}
		for i, s := range speeds {
			if s.Estimated != (i >= measured) || s.Alone != 100*time.Millisecond<<i {
				t.Errorf("%v: got %+v", limit, s)
			}
		}
		if took := m.now().Sub(time.Unix(0, 0)); measured > 1 && took > limit {
			t.Errorf("%v: it took %v", limit, took)
		}
	}
}

func TestTheGreatestCostWithinTheTargetIsSuggested(t *testing.T) {
	t.Parallel()
	speeds, err := newMachine(60*time.Millisecond).calibration(1, time.Hour).Measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for target, want := range map[time.Duration]int{time.Millisecond: 10, 60 * time.Millisecond: 10, 250 * time.Millisecond: 12, 479 * time.Millisecond: 12,
		480 * time.Millisecond: 13, time.Hour: 14} {
		if s, within := Suggest(speeds, target); s.Cost != want || within != (s.Alone <= target) {
			t.Errorf("%v: got %+v, %t, want cost %d", target, s, within, want)
		}
	}
}

func TestACalibrationEndsWhenItIsToldTo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	m := newMachine(time.Millisecond)
	c := m.calibration(2, time.Hour)
	c.hash = func(cost int) error {
		if cost == 11 {
			cancel()
		}
		return m.hash(cost)
	}
	if _, err := c.Measure(ctx); !errors.Is(err, context.Canceled) || m.ran[12] > 0 {
		t.Errorf("got %v; cost 12 was computed %d times", err, m.ran[12])
	}
	for _, bad := range []Calibration{{}, {Workers: 1, Limit: 1}, {Workers: 1, Now: m.now}, {Limit: 1, Now: m.now}} {
		if _, err := bad.Measure(t.Context()); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

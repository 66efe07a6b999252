package password

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Times are those of a bubble: a job that "takes" a second sleeps in it.

// running starts a pool inside a bubble, which waits for it to end.
func running(t *testing.T, workers, places int) *pool {
	t.Helper()
	p := newPool(workers, places, time.Now)
	go func() {
		if err := p.run(t.Context()); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	synctest.Wait()
	return p
}

func takes(d time.Duration) func() { return func() { time.Sleep(d) } }

// occupy gives the pool n jobs of one second each and returns when they are begun or queued.
func occupy(t *testing.T, p *pool, n int) {
	t.Helper()
	for range n {
		go func() {
			if err := p.do(t.Context(), takes(time.Second)); err != nil && t.Context().Err() == nil {
				t.Errorf("an occupant: %v", err)
			}
		}()
		synctest.Wait()
	}
}

// taught is a running pool that knows that a job takes a second.
func taught(t *testing.T, workers, places int) *pool {
	t.Helper()
	p := running(t, workers, places)
	if err := p.do(t.Context(), takes(time.Second)); err != nil {
		t.Fatal(err)
	}
	return p
}

func retryAfter(t *testing.T, err error) time.Duration {
	t.Helper()
	var busy *BusyError
	if !errors.As(err, &busy) || !errors.Is(err, ErrBusy) {
		t.Fatalf("got %v, want a BusyError", err)
	}
	return busy.RetryAfter
}

func never(t *testing.T) func() {
	return func() { t.Error("computed, and nobody waits for it") }
}

func TestAFullQueueAnswersAtOnce(t *testing.T) { // E12
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := taught(t, 2, 3)
		occupy(t, p, 5) // two begun, three waiting
		asked := time.Now()
		after := retryAfter(t, p.do(t.Context(), never(t)))
		if waited := time.Since(asked); waited != 0 {
			t.Errorf("the answer took %v", waited)
		}
		if after != 2*time.Second { // three wait, this would be the fourth, two are done a second
			t.Errorf("retry after %v, want 2s", after)
		}
		time.Sleep(1500 * time.Millisecond) // the first two are done, and one place is free
		if err := p.do(t.Context(), takes(time.Second)); err != nil {
			t.Errorf("with a free place: %v", err)
		}
	})
}

func TestAStormIsServedOrShed(t *testing.T) { // E12
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := taught(t, 2, 64)
		var served, shed atomic.Int32
		var storm sync.WaitGroup
		for range 500 {
			storm.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				asked := time.Now()
				switch err := p.do(ctx, takes(time.Second)); {
				case err == nil:
					served.Add(1)
				case errors.Is(err, ErrBusy) && time.Since(asked) == 0:
					shed.Add(1)
				default:
					t.Errorf("after %v: %v", time.Since(asked), err)
				}
			})
		}
		storm.Wait()
		// Ten seconds of two workers, less what the estimate keeps in reserve.
		if served.Load() < 18 || served.Load() > 20 || served.Load()+shed.Load() != 500 {
			t.Errorf("served %d, shed %d; want 18 to 20, and the rest at once", served.Load(), shed.Load())
		}
	})
}

func TestWhoCannotBeServedInTimeIsToldAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := taught(t, 1, 100)
		occupy(t, p, 3)
		late, cancel := context.WithTimeout(t.Context(), 3900*time.Millisecond)
		defer cancel()
		if after := retryAfter(t, p.do(late, never(t))); after != 3*time.Second {
			t.Errorf("retry after %v, want 3s", after)
		}
		inTime, cancel := context.WithTimeout(t.Context(), 4100*time.Millisecond)
		defer cancel()
		if err := p.do(inTime, takes(time.Second)); err != nil {
			t.Errorf("with time enough: %v", err)
		}
	})
}

func TestTheEstimateFollowsTheJobs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := taught(t, 1, 1)
		ask := func() time.Duration {
			occupy(t, p, 2)
			after := retryAfter(t, p.do(t.Context(), never(t)))
			time.Sleep(2 * time.Second)
			return after
		}
		if after := ask(); after != 2*time.Second {
			t.Errorf("jobs of a second: retry after %v, want 2s", after)
		}
		if err := p.do(t.Context(), takes(9*time.Second)); err != nil {
			t.Fatal(err)
		}
		if after := ask(); after != 4*time.Second { // one job that is eight seconds longer adds one to each
			t.Errorf("after one slow job: retry after %v, want 4s", after)
		}
		for range 50 {
			if err := p.do(t.Context(), takes(time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		if after := ask().Round(10 * time.Millisecond); after != 2*time.Second {
			t.Errorf("after many quick ones: retry after %v, want 2s", after)
		}
	})
}

func TestAnIdleWorkerTakesAJobWhateverTheAverageSays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := running(t, 1, 10)
		if err := p.do(t.Context(), takes(time.Hour)); err != nil { // the machine was asleep
			t.Fatal(err)
		}
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			if err := p.do(ctx, takes(time.Second)); err != nil {
				t.Errorf("after one long job: %v", err)
			}
			cancel()
		}
	})
}

func TestWhoLeavesIsNotComputedAndFreesItsPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := taught(t, 1, 1)
		occupy(t, p, 1)
		impatient, cancel := context.WithCancel(t.Context())
		left := make(chan error)
		go func() { left <- p.do(impatient, never(t)) }()
		synctest.Wait()
		retryAfter(t, p.do(t.Context(), never(t))) // the one place is taken
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
		computed := false
		if err := p.do(t.Context(), func() { computed = true }); err != nil || !computed {
			t.Errorf("who came after: %v, computed %v", err, computed)
		}
	})
}

func TestAnEndedContextIsNotQueued(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := running(t, 1, 1)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.do(ended, never(t)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

// A caller may not have been scheduled since its deadline: the worker looks for itself.
func TestAWorkerPassesOverCallersThatAreGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(1, 10, time.Now)
		gone := &job{work: never(t), gone: func() error { return context.DeadlineExceeded }, done: make(chan struct{})}
		if err := p.join(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		go func() { _ = p.run(t.Context()) }()
		<-gone.done
		if !errors.Is(gone.err, context.DeadlineExceeded) {
			t.Errorf("got %v", gone.err)
		}
		if err := p.do(t.Context(), func() {}); err != nil {
			t.Errorf("the next one: %v", err)
		}
	})
}

func TestWhatHasBegunIsAnsweredThoughItsCallerIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := running(t, 1, 1)
		ctx, cancel := context.WithCancel(t.Context())
		computed := false
		err := p.do(ctx, func() {
			cancel()
			time.Sleep(time.Second)
			computed = true
		})
		if err != nil || !computed {
			t.Errorf("got %v, computed %v", err, computed)
		}
	})
}

func TestWhatIsAskedBeforeRunWaitsForRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(1, 2, time.Now)
		answer := make(chan error)
		go func() { answer <- p.do(t.Context(), func() {}) }()
		synctest.Wait()
		go func() { _ = p.run(t.Context()) }()
		if err := <-answer; err != nil {
			t.Errorf("got %v", err)
		}
	})
}

func TestAfterRunEveryCallerIsSentAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(1, 10, time.Now)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- p.run(ctx) }()
		begun, waiting := make(chan error, 1), make(chan error, 1)
		go func() { begun <- p.do(t.Context(), takes(time.Second)) }()
		synctest.Wait()
		go func() { waiting <- p.do(t.Context(), never(t)) }()
		synctest.Wait()
		stop()
		if after := retryAfter(t, <-waiting); after != restart {
			t.Errorf("who waited: retry after %v", after)
		}
		retryAfter(t, p.do(t.Context(), never(t)))
		select {
		case <-ended:
			t.Error("Run has returned before its workers")
		default:
		}
		if err := <-begun; err != nil {
			t.Errorf("what had begun: %v", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		if err := p.run(t.Context()); err == nil {
			t.Error("Run could be called twice")
		}
	})
}

func TestJobsAreBegunInTheOrderTheyCame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := running(t, 1, 10)
		occupy(t, p, 1)
		var order []int // written by the one worker
		var all sync.WaitGroup
		for i := range 5 {
			all.Go(func() {
				if err := p.do(t.Context(), func() { order = append(order, i) }); err != nil {
					t.Errorf("job %d: %v", i, err)
				}
			})
			synctest.Wait()
		}
		all.Wait()
		if !slices.Equal(order, []int{0, 1, 2, 3, 4}) {
			t.Errorf("order %v", order)
		}
	})
}

func TestNoMoreJobsAtOnceThanWorkers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := running(t, 3, 100)
		var now, most atomic.Int32
		var all sync.WaitGroup
		for range 30 {
			all.Go(func() {
				err := p.do(t.Context(), func() {
					most.Store(max(most.Load(), now.Add(1)))
					time.Sleep(time.Second)
					now.Add(-1)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		began := time.Now()
		all.Wait()
		if most.Load() != 3 || time.Since(began) != 10*time.Second {
			t.Errorf("%d at once, all done after %v; want 3, 10s", most.Load(), time.Since(began))
		}
	})
}

func TestEverythingElseKeepsProcessorsOfItsOwn(t *testing.T) {
	t.Parallel()
	for workers, want := range map[int]int{1: 2, 2: 3, 3: 5, 8: 12} {
		if got := Processors(workers); got != want {
			t.Errorf("%d workers: %d processors, want %d", workers, got, want)
		}
	}
}

func TestWorkersKeepAThreadOfTheirOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := running(t, 1, 1)
		var stack string
		if err := p.do(t.Context(), func() {
			b := make([]byte, 256)
			stack = string(b[:runtime.Stack(b, false)])
		}); err != nil {
			t.Fatal(err)
		}
		if header, _, _ := strings.Cut(stack, "\n"); !strings.Contains(header, "locked to thread") {
			t.Errorf("a worker is %q", header)
		}
	})
}

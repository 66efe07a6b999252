package tokens

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/authd/authd/internal/auth"
)

// ask is a request of a lane in these tests.
type ask struct {
	name string
	bad  bool
	err  error
	done bool
}

func (a *ask) fail(err error) { a.done, a.err = true, err }

func TestWhatArrivesWhileABatchCommitsIsTheNextBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		commit := make(chan struct{})
		l := newLane(600, func(_ context.Context, batch []int) {
			sizes = append(sizes, len(batch))
			<-commit
		})
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan error)
		go func() { stopped <- l.run(ctx) }()
		submit := func(n int) {
			for i := range n {
				if err := l.submit(i); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
		}
		submit(1)   // alone: at once
		submit(300) // while it commits: 256, then the rest
		for range 3 {
			commit <- struct{}{}
			synctest.Wait()
		}
		stop()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if want := []int{1, 256, 44}; !slices.Equal(sizes, want) {
			t.Errorf("got batches of %v, want %v", sizes, want)
		}
	})
}

func TestAFullQueueRefusesAtOnce(t *testing.T) {
	t.Parallel()
	l := newLane(1, func(context.Context, []int) {})
	if err := l.submit(1); err != nil {
		t.Fatal(err)
	}
	if err := l.submit(2); auth.KindOf(err) != auth.Unavailable {
		t.Errorf("got %v, want unavailable", err)
	}
}

// Trap 3 of batching: one statement for many fails as a whole.
func TestOneBadMemberNeverFailsItsNeighbours(t *testing.T) {
	t.Parallel()
	batch := []*ask{{name: "a"}, {name: "bad", bad: true}, {name: "c"}}
	broken := errors.New("value out of range")
	settleAll(t.Context(), slices.Clone(batch), func(_ context.Context, batch []*ask) ([]*ask, error) {
		if slices.ContainsFunc(batch, func(a *ask) bool { return a.bad }) {
			return batch, broken
		}
		for _, a := range batch {
			a.done = true
		}
		return nil, nil
	}, (*ask).fail)
	for _, a := range batch {
		if !a.done || a.bad != errors.Is(a.err, broken) {
			t.Errorf("%s: answered %t with %v", a.name, a.done, a.err)
		}
	}
}

func TestAStoreThatIsDownIsAskedOnce(t *testing.T) {
	t.Parallel()
	batch := []*ask{{name: "a"}, {name: "b"}}
	calls := 0
	settleAll(t.Context(), slices.Clone(batch), func(_ context.Context, batch []*ask) ([]*ask, error) {
		calls++
		return batch, auth.ErrUnavailable
	}, (*ask).fail)
	if calls != 1 || batch[0].err != auth.ErrUnavailable || batch[1].err != auth.ErrUnavailable {
		t.Errorf("got %d calls, errors %v and %v", calls, batch[0].err, batch[1].err)
	}
}

func TestAConflictOfLocksIsDecidedAgainTogetherThenAlone(t *testing.T) {
	t.Parallel()
	batch := []*ask{{name: "a"}, {name: "b"}}
	var sizes []int
	settleAll(t.Context(), slices.Clone(batch), func(_ context.Context, batch []*ask) ([]*ask, error) {
		sizes = append(sizes, len(batch))
		if len(batch) > 1 {
			return batch, ErrWriteConflict
		}
		batch[0].done = true
		return nil, nil
	}, (*ask).fail)
	if want := []int{2, 2, 1, 1}; !slices.Equal(sizes, want) {
		t.Errorf("got turns of %v, want %v", sizes, want)
	}
}

func TestWhoLosesEverySwapIsToldToComeBack(t *testing.T) {
	t.Parallel()
	a := &ask{name: "unlucky"}
	turns := 0
	settleAll(t.Context(), []*ask{a}, func(_ context.Context, batch []*ask) ([]*ask, error) { turns++; return batch, nil }, (*ask).fail)
	if turns != maxAttempts || auth.KindOf(a.err) != auth.Unavailable {
		t.Errorf("got %d turns and %v", turns, a.err)
	}
}

// A command that holds the store's lock for long must not make a batch wait once for each member.
func TestABatchDoesNotOutstayItsTime(t *testing.T) {
	t.Parallel()
	ctx, end := context.WithCancel(t.Context())
	batch := []*ask{{name: "a"}, {name: "b"}}
	calls := 0
	settleAll(ctx, slices.Clone(batch), func(_ context.Context, batch []*ask) ([]*ask, error) {
		calls++
		end()
		return batch, ErrWriteConflict
	}, (*ask).fail)
	if calls != 1 || auth.KindOf(batch[0].err) != auth.Unavailable || auth.KindOf(batch[1].err) != auth.Unavailable {
		t.Errorf("got %d calls, errors %v and %v", calls, batch[0].err, batch[1].err)
	}
}

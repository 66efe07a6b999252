package tokens

import (
	"context"
	"errors"
	"time"

	"github.com/authd/authd/internal/auth"
)

const (
	maxBatch    = 256             // requests decided and written together
	maxAttempts = 4               // decisions of one request before it is told to come back
	maxLocked   = 2               // those of them that locks may undo: each has waited
	storeTime   = 5 * time.Second // for one batch, change or reading, all attempts together
)

// detached is for writes, and for what others wait for: who hangs up does not leave the outcome to chance.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), storeTime)
}

// lane collects what arrives while its last batch commits and hands it on as the next batch. There is
// no timer: a request that finds the lane idle is a batch of one at once, and under load a batch is as
// large as one commit is long.
type lane[R any] struct {
	queue chan R
	// settle answers every request of a batch. It runs on the lane's one goroutine: a second would let
	// requests of one session overtake each other, and a late one be taken for a thief's (B14).
	settle func(ctx context.Context, batch []R)
}

func newLane[R any](queue int, settle func(context.Context, []R)) *lane[R] {
	return &lane[R]{queue: make(chan R, queue), settle: settle}
}

// submit queues a request, or refuses at once when the queue is full: waiting longer than the queue
// would only make every answer late.
func (l *lane[R]) submit(request R) error {
	select {
	case l.queue <- request:
		return nil
	default:
		return errBusy
	}
}

// run settles batches until ctx ends.
func (l *lane[R]) run(ctx context.Context) error {
	batch := make([]R, 0, maxBatch)
	for {
		select {
		case <-ctx.Done():
			return nil
		case first := <-l.queue:
			batch = append(batch[:0], first)
		}
		for len(batch) < maxBatch && len(l.queue) > 0 {
			batch = append(batch, <-l.queue) // this goroutine is the only receiver: it cannot block
		}
		l.settle(ctx, batch)
		clear(batch)
	}
}

// settleAll calls once until every request of the batch is answered or ctx ends. once decides the
// requests on freshly loaded rows, answers those that it can, and returns the others: with no error if
// they lost a swap and are to be decided again, with the error that kept all of them from being written
// otherwise.
//
// A conflict of locks is decided again together, once, then one by one: it may be one row that somebody
// holds. An error that is not the store's health is one by one at once: a bad member must not fail its
// neighbours. A store that cannot be reached fails all: asking it once for each would only make them wait.
func settleAll[R any](ctx context.Context, batch []R, once func(context.Context, []R) ([]R, error), fail func(R, error)) {
	var err error
	for attempt := 1; attempt <= maxAttempts; attempt++ {
		if batch, err = once(ctx, batch); len(batch) == 0 {
			return
		}
		if ctx.Err() != nil || err != nil && (!errors.Is(err, ErrWriteConflict) || attempt >= maxLocked) {
			break
		}
	}
	switch {
	case err == nil:
		err = errBusy
	case ctx.Err() != nil:
		err = auth.ErrUnavailable.Because(err) // whoever holds the locks holds them for all of us
	case len(batch) > 1 && (errors.Is(err, ErrWriteConflict) || auth.KindOf(err) != auth.Unavailable):
		for _, request := range batch {
			settleAll(ctx, []R{request}, once, fail)
		}
		return
	}
	for _, request := range batch {
		fail(request, err)
	}
}

package audit

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

const (
	maxWaiting = 4096                   // events that wait for the store: about a megabyte
	maxBatch   = 256                    // records of one call
	gatherTime = 100 * time.Millisecond // from an event to its batch
	storeTime  = 5 * time.Second        // for one call
	flushTime  = 5 * time.Second        // from the end of Run's context to the end of Run
	firstPause = 100 * time.Millisecond // before a failed call is made again; doubles
	lastPause  = 2 * time.Second
)

// ErrFull is why an event is dropped that finds no room.
var ErrFull = errors.New("too many events wait for the store")

// WriterConfig is what [NewWriter] needs; all of it.
type WriterConfig struct {
	Store  Store
	Now    func() time.Time
	Random io.Reader // safe for concurrent use
	// Again reports whether a call that failed may succeed later as it is.
	Again func(error) bool
	// Dropped hears of events that will not be kept. It must not block.
	Dropped func(n int, cause error)
}

// Writer hands events to a store, in batches. Requests neither wait for it nor fail with it, and the
// price of that is stated: an event may be lost. It is when the process dies within the moment before
// its batch is committed, when the store cannot be reached for so long that maxWaiting others wait, when
// it is one of a flood, and when the store refuses it.
type Writer struct {
	WriterConfig
	stamp stamp
	wake  chan struct{} // holds one: there may be something to write

	mu      sync.Mutex // guards the rest
	waiting []Record
	flood   flood
}

// NewWriter starts nothing.
func NewWriter(c WriterConfig) (*Writer, error) {
	if c.Store == nil || c.Now == nil || c.Random == nil || c.Again == nil || c.Dropped == nil {
		return nil, errors.New("audit: a store, a clock, randomness, Again and Dropped are needed")
	}
	return &Writer{WriterConfig: c, stamp: stamp{now: c.Now, random: c.Random}, wake: make(chan struct{}, 1)}, nil
}

// Record is a [Sink].
func (w *Writer) Record(_ context.Context, e Event) {
	record, err := w.stamp.record(e)
	if err == nil {
		err = w.push(record)
	}
	if err != nil {
		w.Dropped(1, err)
		return
	}
	select {
	case w.wake <- struct{}{}:
	default: // it is awake
	}
}

func (w *Writer) push(record Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) >= maxWaiting {
		return ErrFull
	}
	if !w.flood.takes(&record.Event, w.Now()) {
		return ErrFlood
	}
	w.waiting = append(w.waiting, record)
	return nil
}

// Waiting is how many events have not been handed to the store.
func (w *Writer) Waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting)
}

// Run writes until ctx ends, and then what still waits, for a few seconds at most. It is called once,
// and the time to end it is after the last event.
func (w *Writer) Run(ctx context.Context) error {
	work, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(flushTime, giveUp) })()
	for {
		select {
		case <-ctx.Done():
		case <-w.wake:
			wait(ctx, gatherTime)
		}
		over := ctx.Err() != nil
		for batch := w.take(); len(batch) > 0; batch = w.take() {
			w.write(work, batch)
		}
		if over {
			return nil
		}
	}
}

// take removes a batch from what waits.
func (w *Writer) take() []Record {
	w.mu.Lock()
	defer w.mu.Unlock()
	batch := w.waiting[:min(maxBatch, len(w.waiting))]
	if w.waiting = w.waiting[len(batch):]; len(w.waiting) == 0 {
		w.waiting = nil // after a storm its memory goes
	}
	return batch
}

// write calls the store until the batch is kept or cannot be. What the store refuses for its content is
// tried one by one, so that a bad record does not take its neighbours along.
func (w *Writer) write(ctx context.Context, batch []Record) {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := w.add(ctx, batch)
		switch {
		case err == nil:
			return
		case ctx.Err() == nil && w.Again(err):
			wait(ctx, pause)
		case ctx.Err() == nil && len(batch) > 1:
			for i := range batch {
				w.write(ctx, batch[i:i+1])
			}
			return
		default:
			w.Dropped(len(batch), err)
			return
		}
	}
}

func (w *Writer) add(ctx context.Context, batch []Record) error {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	return w.Store.AddRecords(ctx, batch)
}

// wait returns after d, or when ctx ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

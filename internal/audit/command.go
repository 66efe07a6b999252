package audit

import (
	"context"
	"errors"
	"io"
	"time"
)

// Command writes the events of one command, each before its call returns: a process that ends right
// after its work has no time for batches.
type Command struct {
	store Store
	stamp stamp
	errs  []error
}

// NewCommand returns a writer for one goroutine.
func NewCommand(store Store, now func() time.Time, random io.Reader) *Command {
	return &Command{store: store, stamp: stamp{now: now, random: random}}
}

// Record is a [Sink]. Whatever happens here was caused by [CLI].
func (c *Command) Record(ctx context.Context, e Event) {
	e.Actor = CLI
	record, err := c.stamp.record(e)
	if err == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
		defer cancel()
		err = c.store.AddRecords(ctx, []Record{record})
	}
	if err != nil {
		c.errs = append(c.errs, err)
	}
}

// Err tells of events that were not kept. What they say has happened all the same.
func (c *Command) Err() error { return errors.Join(c.errs...) }

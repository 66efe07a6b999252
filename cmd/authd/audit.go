package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// newWriter returns what writes events into the store. What it drops is in the log all the same, since
// every event is a line there.
func newWriter(st store, log *slog.Logger, count func(int)) (*audit.Writer, error) {
	said := &dropped{log: log, now: time.Now}
	return audit.NewWriter(audit.WriterConfig{
		Store: st, Now: time.Now, Random: rand.Reader,
		Again: func(err error) bool { return auth.KindOf(err) == auth.Unavailable },
		Dropped: func(n int, cause error) {
			count(n)
			said.add(n, cause)
		},
	})
}

// quietTime is how long a second line about the same trouble waits.
const quietTime = time.Minute

// dropped says that the audit lost events: at once, and then at most once a minute, with their number,
// because a store that is gone would fill the log with it.
type dropped struct {
	log *slog.Logger
	now func() time.Time

	mu     sync.Mutex // guards the rest
	said   time.Time
	unsaid int
}

func (d *dropped) add(n int, cause error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unsaid += n
	if now := d.now(); d.said.IsZero() || now.Sub(d.said) >= quietTime {
		d.log.Error("events are missing in the audit", "events", d.unsaid, "error", cause.Error())
		d.said, d.unsaid = now, 0
	}
}

// auditing runs the writer until stop is called, which waits for what it still has.
func auditing(ctx context.Context, writer *audit.Writer) (stop func() error) {
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- writer.Run(ctx) }()
	return func() error {
		end()
		return <-done
	}
}

// unrecorded is the error of a command that did its work and could not write it down.
func unrecorded(record *audit.Command) error {
	if err := record.Err(); err != nil {
		return fmt.Errorf("it is done, but the audit does not know of it: %w", err)
	}
	return nil
}

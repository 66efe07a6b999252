package main

import (
	"context"
	"crypto/rand"
	"errors"
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
	said := newDropped(log, time.Now)
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
// because a store that is gone would fill the log with it. A flood, which anybody can cause, is told apart:
// it calls nobody at night, and makes no trouble of the store wait for its line.
type dropped struct {
	log *slog.Logger
	now func() time.Time

	mu          sync.Mutex // guards the rest
	lost, flood unsaid
}

// unsaid is what there is to say about one cause.
type unsaid struct {
	level  slog.Level
	said   time.Time
	events int
}

func newDropped(log *slog.Logger, now func() time.Time) *dropped {
	return &dropped{log: log, now: now, lost: unsaid{level: slog.LevelError}, flood: unsaid{level: slog.LevelWarn}}
}

func (d *dropped) add(n int, cause error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	u := &d.lost
	if errors.Is(cause, audit.ErrFlood) {
		u = &d.flood
	}
	u.events += n
	if now := d.now(); u.said.IsZero() || now.Sub(u.said) >= quietTime {
		d.log.Log(context.Background(), u.level, "events are missing in the audit", "events", u.events, "error", cause.Error())
		u.said, u.events = now, 0
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

package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// follow makes the part that reads what was revoked, by whichever instance or command. It writes its own
// lines into the log: told is for everybody else who hears of events. sized hears how many bytes the live
// set takes.
func follow(st revocation.Store, ring *tokens.Keyring, accessTTL time.Duration, log *slog.Logger, told audit.Sink, sized func(bytes int64)) (*revocation.Follower, error) {
	return revocation.New(revocation.Config{
		Store: st, Now: time.Now, MaxTTL: accessTTL,
		Failed: func(ctx context.Context, err error) {
			if err != nil {
				log.WarnContext(ctx, "the feed of revocations cannot be read, trying on", "error", err)
				return
			}
			log.InfoContext(ctx, "the feed of revocations is read again")
		},
		Forked: alarmOfFork(log, told),
		Keyring: func(ctx context.Context, feedID string, version int64) error {
			err := ring.Renew(ctx, feedID, version)
			if err != nil {
				log.WarnContext(ctx, "the keyring cannot be read again, trying on", "error", err)
			}
			return err
		},
		RaiseTTL: ring.RaiseHead,
		Sized:    sized,
	})
}

// keysFailed says once of each cause why keys do not turn, and that they do again.
func keysFailed(log *slog.Logger) func(context.Context, error) {
	return func(ctx context.Context, err error) {
		if err != nil {
			log.WarnContext(ctx, "the keys cannot be seen to, trying on", "error", err)
			return
		}
		log.InfoContext(ctx, "the keys are seen to again")
	}
}

// alarmOfFork is for a store that went back in time: a standby took over without the last commits, or a
// backup was restored. It is one line of the log, with what this instance knows of it, and one event.
func alarmOfFork(log *slog.Logger, told audit.Sink) func(context.Context, revocation.Fork) {
	return func(ctx context.Context, fork revocation.Fork) {
		e := audit.Event{At: time.Now(), Name: audit.AlarmRaised, Reason: audit.HistoryForked, Actor: audit.System}
		log.LogAttrs(ctx, slog.LevelError, string(e.Name), append(attributes(e),
			slog.Int64("behind_by", fork.Ahead), slog.Int("lost_kills", fork.Lost),
			slog.String("read_to", fork.Read.String()), slog.String("store_at", fork.Store.String()))...)
		told(ctx, e)
	}
}

// await waits until something happened, or the parts end.
func await(ctx context.Context, happened <-chan struct{}) {
	select {
	case <-happened:
	case <-ctx.Done():
	}
}

// untilStopped runs a part that ends as soon as a stop is asked for, or another part fails: the others
// serve until the doors are closed. Of the feed that is the loop, because polls that it holds would keep
// a door open.
func untilStopped(ctx, parts context.Context, run func(context.Context) error) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	defer context.AfterFunc(parts, end)()
	return run(ctx)
}

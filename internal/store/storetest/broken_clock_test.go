package storetest

import (
	"context"
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// clocks passes every clock that is read through change.
func clocks(change func(time.Time) time.Time) func(*broken) {
	return func(b *broken) {
		b.clock = func(ctx context.Context) (time.Time, error) {
			now, err := b.Store.Clock(ctx)
			return change(now), err
		}
	}
}

var clockDefects = map[string][]defect{
	"the clock moves, by microseconds, close to this machine's": {
		{"the clock stands", func(b *broken) {
			stopped := time.Now().UTC().Truncate(time.Microsecond)
			b.clock = func(context.Context) (time.Time, error) { return stopped, nil }
		}},
		{"the clock ticks in milliseconds", clocks(func(now time.Time) time.Time { return now.Truncate(time.Millisecond) })},
		{"the clock ticks in seconds", clocks(func(now time.Time) time.Time { return now.Truncate(time.Second) })},
		{"the clock is an hour ahead", clocks(func(now time.Time) time.Time { return now.Add(time.Hour) })},
		{"the clock is finer than the columns", clocks(func(now time.Time) time.Time { return now.Add(7) })},
		{"the clock has a zone", clocks(func(now time.Time) time.Time { return now.In(time.FixedZone("here", 3600)) })},
		{"the clock goes back", func(b *broken) {
			reading := 0
			b.clock = func(ctx context.Context) (time.Time, error) {
				now, err := b.Store.Clock(ctx)
				reading++
				return now.Add(-time.Duration(reading) * time.Minute / 60), err
			}
		}},
	},
	"every load carries the clock of its moment": {
		{"an empty result has no clock", func(b *broken) {
			b.loadSessions = func(ctx context.Context, ids []auth.SessionID) ([]tokens.Loaded, time.Time, error) {
				rows, clock, err := b.Store.LoadSessions(ctx, ids)
				if len(rows) == 0 {
					clock = time.Time{}
				}
				return rows, clock, err
			}
		}},
		{"a user's clock is of an earlier load", func(b *broken) {
			var first time.Time
			b.loadUser = func(ctx context.Context, id auth.UserID) (tokens.User, []tokens.Session, time.Time, bool, error) {
				user, list, clock, found, err := b.Store.LoadUser(ctx, id)
				if first.IsZero() {
					first = clock
				}
				return user, list, first, found, err
			}
		}},
		{"kills come with a clock in seconds", func(b *broken) {
			b.kills = func(ctx context.Context, keys []revocation.Key) ([]revocation.Entry, time.Time, error) {
				entries, clock, err := b.Store.Kills(ctx, keys)
				return entries, clock.Truncate(time.Second), err
			}
		}},
		{"the feed comes with a clock in seconds", followed(func(r *revocation.Reading) { r.Clock = r.Clock.Truncate(time.Second) })},
		{"the keyring has no clock", func(b *broken) {
			b.loadKeyring = func(ctx context.Context) (tokens.KeyringRows, error) {
				rows, err := b.Store.LoadKeyring(ctx)
				rows.Clock = time.Time{}
				return rows, err
			}
		}},
	},
}

package storetest

import (
	"context"
	"time"
)

// collected changes what the collector does.
func collected(collect func(b *broken, ctx context.Context, before time.Time, limit int) (int, error)) func(*broken) {
	return func(b *broken) {
		b.collect = func(ctx context.Context, before time.Time, limit int) (int, error) {
			return collect(b, ctx, before, limit)
		}
	}
}

var collectDefects = map[string][]defect{
	"the collector takes the oldest first, up to its limit and its bound": {
		{"it deletes one too many", collected(func(b *broken, ctx context.Context, before time.Time, limit int) (int, error) {
			n, err := b.Store.CollectSessions(ctx, before, limit)
			if n == limit {
				_, _ = b.Store.CollectSessions(ctx, before, 1)
			}
			return n, err
		})},
		{"it deletes all, whatever the limit", collected(func(b *broken, ctx context.Context, before time.Time, _ int) (int, error) {
			return b.Store.CollectSessions(ctx, before, 1<<20)
		})},
		{"no limit is no end", collected(func(b *broken, ctx context.Context, before time.Time, limit int) (int, error) {
			if limit <= 0 {
				limit = 1000
			}
			return b.Store.CollectSessions(ctx, before, limit)
		})},
		{"it deletes what ends at the bound", collected(func(b *broken, ctx context.Context, before time.Time, limit int) (int, error) {
			return b.Store.CollectSessions(ctx, before.Add(time.Microsecond), limit)
		})},
		{"its bound is in seconds", collected(func(b *broken, ctx context.Context, before time.Time, limit int) (int, error) {
			return b.Store.CollectSessions(ctx, before.Truncate(time.Second), limit)
		})},
		{"it has a bound of its own", collected(func(b *broken, ctx context.Context, _ time.Time, limit int) (int, error) {
			return b.Store.CollectSessions(ctx, time.Now(), limit)
		})},
		{"it takes the newest first", collected(func(b *broken, _ context.Context, before time.Time, limit int) (int, error) {
			result, err := b.raw.Exec(`delete from sessions where session_id in (
				select session_id from sessions where ends_at < ? order by ends_at desc limit ?)`, before.UnixMicro(), limit)
			if err != nil {
				return 0, err
			}
			n, err := result.RowsAffected()
			return int(n), err
		})},
		{"it goes by the idle end", collected(func(b *broken, _ context.Context, before time.Time, limit int) (int, error) {
			result, err := b.raw.Exec(`delete from sessions where session_id in (
				select session_id from sessions where idle_ends_at < ? order by idle_ends_at limit ?)`, before.UnixMicro(), limit)
			if err != nil {
				return 0, err
			}
			n, err := result.RowsAffected()
			return int(n), err
		})},
		{"it says that it reached its limit", collected(func(b *broken, ctx context.Context, before time.Time, limit int) (int, error) {
			_, err := b.Store.CollectSessions(ctx, before, limit)
			return limit, err
		})},
	},
	"the collector leaves kills, users and everything later alone": {
		{"kills go with their sessions", collected(func(b *broken, ctx context.Context, before time.Time, limit int) (int, error) {
			b.sql(`delete from kills`)
			return b.Store.CollectSessions(ctx, before, limit)
		})},
		{"ended sessions go at once", collected(func(b *broken, ctx context.Context, before time.Time, limit int) (int, error) {
			b.sql(`delete from sessions where ended_at is not null`)
			return b.Store.CollectSessions(ctx, before, limit)
		})},
		{"only ended sessions go", collected(func(b *broken, _ context.Context, before time.Time, limit int) (int, error) {
			result, err := b.raw.Exec(`delete from sessions where ended_at is not null and ends_at < ?`, before.UnixMicro())
			if err != nil {
				return 0, err
			}
			n, err := result.RowsAffected()
			return int(n), err
		})},
		{"what is over is ended, with its reason", collected(func(b *broken, ctx context.Context, before time.Time, limit int) (int, error) {
			b.sql(`update sessions set ended_at = 1, end_reason = 'expired' where ended_at is null`)
			return b.Store.CollectSessions(ctx, before, limit)
		})},
		{"the users' versions rise", collected(func(b *broken, ctx context.Context, before time.Time, limit int) (int, error) {
			b.sql(`update users set row_version = row_version + 1`)
			return b.Store.CollectSessions(ctx, before, limit)
		})},
	},
}

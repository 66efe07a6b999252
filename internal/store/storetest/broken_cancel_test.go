package storetest

import (
	"context"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// unbounded passes a context on that never ends.
func unbounded(b *broken) {
	b.rotate = func(ctx context.Context, batch []tokens.Rotation) ([]auth.SessionID, error) {
		return b.Store.Rotate(context.WithoutCancel(ctx), batch)
	}
	b.end = func(ctx context.Context, batch []tokens.Death, mark uint64) ([]tokens.Ended, error) {
		return b.Store.End(context.WithoutCancel(ctx), batch, mark)
	}
	b.createUser = func(ctx context.Context, u accounts.User, hash string) (time.Time, error) {
		return b.Store.CreateUser(context.WithoutCancel(ctx), u, hash)
	}
}

// onError runs more when a write of sessions was given up.
func onError(more func(b *broken, deaths []tokens.Death)) func(*broken) {
	return func(b *broken) {
		b.end = func(ctx context.Context, batch []tokens.Death, mark uint64) ([]tokens.Ended, error) {
			ended, err := b.Store.End(ctx, batch, mark)
			if err != nil {
				more(b, batch)
			}
			return ended, err
		}
		b.changeUser = func(ctx context.Context, c tokens.UserChange, mark uint64) (bool, error) {
			applied, err := b.Store.ChangeUser(ctx, c, mark)
			if err != nil {
				more(b, c.End)
			}
			return applied, err
		}
	}
}

var cancelDefects = map[string][]defect{
	"a write under a context that is over reports an error and writes nothing": {
		{"contexts are not looked at", unbounded},
		{"errors are swallowed", func(b *broken) {
			b.raiseCost = func(ctx context.Context, cost int) error { _ = b.Store.RaiseGreatestCost(ctx, cost); return nil }
		}},
		{"half-committed: what was begun stays", onError(func(b *broken, deaths []tokens.Death) {
			b.sql(`update sessions set ended_at = 1, end_reason = 'logout' where session_id = ?`, deaths[0].Session[:])
		})},
	},
	"a write that is cancelled at any moment is whole or not there": {
		{"half-committed: the first of two sessions is ended", onError(func(b *broken, deaths []tokens.Death) {
			b.sql(`update sessions set ended_at = 1, end_reason = 'logout' where session_id = ?`, deaths[0].Session[:])
		})},
		{"half-committed: the epoch is raised", onError(func(b *broken, _ []tokens.Death) {
			b.sql(`update users set epoch = epoch + 1`)
		})},
		{"half-committed: the sessions are ended, without kills", onError(func(b *broken, deaths []tokens.Death) {
			for _, d := range deaths {
				b.sql(`update sessions set ended_at = 1, end_reason = 'logout' where session_id = ?`, d.Session[:])
			}
		})},
		{"an error that is not of kind Unavailable hides a commit", func(b *broken) {
			b.end = func(ctx context.Context, batch []tokens.Death, mark uint64) ([]tokens.Ended, error) {
				ended, err := b.Store.End(context.WithoutCancel(ctx), batch, mark)
				if err == nil {
					err = errDefect
				}
				return ended, err
			}
		}},
		{"what happened is reported as an empty success", died(func(*broken, []tokens.Death, []tokens.Ended, uint64) []tokens.Ended { return nil })},
	},
}

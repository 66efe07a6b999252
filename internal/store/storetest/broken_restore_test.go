package storetest

import (
	"context"

	"github.com/authd/authd/internal/tokens"
)

// restoring does more after a restoration, or after one that was refused.
func restoring(more func(b *broken, r *tokens.Restoration, applied bool)) func(*broken) {
	return func(b *broken) {
		b.restore = func(ctx context.Context, r tokens.Restoration, mark uint64) (tokens.Restored, bool, error) {
			done, applied, err := b.Store.Restore(ctx, r, mark)
			more(b, &r, applied && err == nil)
			return done, applied, err
		}
	}
}

// restoringBy passes a restoration on after want has altered it.
func restoringBy(want func(*tokens.Restoration)) func(*broken) {
	return func(b *broken) {
		b.restore = func(ctx context.Context, r tokens.Restoration, mark uint64) (tokens.Restored, bool, error) {
			want(&r)
			return b.Store.Restore(ctx, r, mark)
		}
	}
}

// afterwards runs a statement when a restoration was applied.
func afterwards(text string) func(*broken) {
	return restoring(func(b *broken, _ *tokens.Restoration, applied bool) {
		if applied {
			b.sql(text)
		}
	})
}

// counting answers with other counts.
func counting(count func(*tokens.Restored)) func(*broken) {
	return func(b *broken) {
		b.restore = func(ctx context.Context, r tokens.Restoration, mark uint64) (tokens.Restored, bool, error) {
			done, applied, err := b.Store.Restore(ctx, r, mark)
			count(&done)
			return done, applied, err
		}
	}
}

// early does one part before it is known whether the whole is wanted, and may happen.
func early(text string) func(*broken) {
	return func(b *broken) {
		b.restore = func(ctx context.Context, r tokens.Restoration, mark uint64) (tokens.Restored, bool, error) {
			done, applied, err := b.Store.Restore(ctx, r, mark)
			if !applied || err != nil {
				b.sql(text)
			}
			return done, applied, err
		}
	}
}

var restoreDefects = map[string][]defect{
	"a restoration raises every epoch, ends every session and deletes every reset": {
		{"epochs rise by one", restoringBy(func(r *tokens.Restoration) { r.Raise = 1 })},
		{"clients stay as they are", afterwards(`update clients set epoch = epoch - 700`)},
		{"epochs are set", afterwards(`update users set epoch = 701`)},
		{"row versions stay", afterwards(`update users set row_version = row_version - 1`)},
		{"only who has sessions is raised", afterwards(`update users set epoch = epoch - 700 where user_id not in (select user_id from sessions)`)},
		{"sessions live on below the epoch", afterwards(`update sessions set ended_at = null, end_reason = null where end_reason = 'restored'`)},
		{"what was over ends again", afterwards(`update sessions set end_reason = 'restored'`)},
		{"ends have another reason", afterwards(`update sessions set end_reason = 'revoked' where end_reason = 'restored'`)},
		{"sessions keep their versions", afterwards(`update sessions set row_version = row_version - 1 where end_reason = 'restored'`)},
		{"sessions are deleted", afterwards(`delete from sessions where end_reason = 'restored'`)},
		{"resets stay", func(b *broken) {
			b.restore = func(ctx context.Context, r tokens.Restoration, mark uint64) (tokens.Restored, bool, error) {
				b.sql(`create table kept as select * from password_resets`)
				done, applied, err := b.Store.Restore(ctx, r, mark)
				b.sql(`insert into password_resets select * from kept`)
				return done, applied, err
			}
		}},
		{"nothing is counted", counting(func(d *tokens.Restored) { *d = tokens.Restored{} })},
		{"all sessions are counted", counting(func(d *tokens.Restored) { d.Sessions++ })},
	},
	"a restoration replaces the keys and renames the feed, whose entries stay": {
		{"the feed keeps its name", restoringBy(func(r *tokens.Restoration) { r.FeedID = feedID })},
		{"the feed begins anew", afterwards(`update feed_head set seq = 2; delete from kills where seq <= 2`)},
		{"old entries are forgotten", afterwards(`delete from kills where kind = 'sid'`)},
		{"the keys die in silence", afterwards(`delete from kills where kind = 'kid'`)},
		{"the kills run out at once", afterwards(`update kills set until = 0 where kind = 'kid'`)},
		{"the version stays", afterwards(`update feed_head set keyring_version = keyring_version - 1`)},
		{"killed keys keep their private halves", restoring(func(b *broken, r *tokens.Restoration, applied bool) {
			if applied {
				b.sql(`insert into secrets values ('signing.one', x'00', 0)`)
			}
		})},
		{"old keys are not killed", afterwards(`update signing_keys set killed_at = null`)},
		{"what is gone is killed, too", afterwards(`update signing_keys set killed_at = 1 where kid = 'three'`)},
		{"old keys are deleted", afterwards(`delete from signing_keys where killed_at is not null`)},
		{"there are no new keys", restoringBy(func(r *tokens.Restoration) { r.Keyring.Keys, r.Keyring.Secrets = nil, nil })},
		{"the longest lifetime is forgotten", afterwards(`update feed_head set max_ttl = 1`)},
	},
	"a restoration is applied to the keyring that it was decided on, or not at all": {
		{"whatever its version is", func(b *broken) {
			b.restore = func(ctx context.Context, r tokens.Restoration, mark uint64) (tokens.Restored, bool, error) {
				rows, err := b.Store.LoadKeyring(ctx)
				if err != nil {
					return tokens.Restored{}, false, err
				}
				r.Keyring.Version = rows.Version
				return b.Store.Restore(ctx, r, mark)
			}
		}},
		{"epochs are raised all the same", early(`update users set epoch = epoch + 700`)},
		{"sessions are ended all the same", early(`update sessions set ended_at = 1, end_reason = 'restored'`)},
		{"resets are deleted all the same", early(`delete from password_resets`)},
		{"the feed is renamed all the same", early(`update feed_head set feed_id = 'renamed'`)},
		{"a refusal counts what it did not do", counting(func(d *tokens.Restored) { d.Users++ })},
		{"a refusal is an error", func(b *broken) {
			b.restore = func(ctx context.Context, r tokens.Restoration, mark uint64) (tokens.Restored, bool, error) {
				done, applied, err := b.Store.Restore(ctx, r, mark)
				if err == nil && !applied {
					err = errDefect
				}
				return done, applied, err
			}
		}},
	},
	"a restoration that fails has changed nothing": {
		{"epochs are raised", early(`update users set epoch = epoch + 700`)},
		{"sessions are ended", early(`update sessions set ended_at = 1, end_reason = 'restored'`)},
		{"resets are deleted", early(`delete from password_resets`)},
		{"keys are killed", early(`update signing_keys set killed_at = 1 where kid = 'one'`)},
		{"the failure is a refusal", func(b *broken) {
			b.restore = func(ctx context.Context, r tokens.Restoration, mark uint64) (tokens.Restored, bool, error) {
				done, applied, err := b.Store.Restore(ctx, r, mark)
				if ctx.Err() == nil {
					err = nil
				}
				return done, applied, err
			}
		}},
	},
	"without a head nothing is restored": {
		{"epochs are raised", early(`update users set epoch = epoch + 1`)},
		{"keys are made", early(`insert into signing_keys values ('one', 1, 'ES256', '{}', 1, null, null)`)},
		{"it is said to be done", func(b *broken) {
			b.restore = func(context.Context, tokens.Restoration, uint64) (tokens.Restored, bool, error) {
				return tokens.Restored{}, true, nil
			}
		}},
	},
}

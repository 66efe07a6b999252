package sqlite

import (
	"context"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/tokens"
)

// Every row of users, on purpose.
const raiseEpochs = `
update users
   set epoch = epoch + ?1,
       row_version = row_version + 1`

// Every row of clients, on purpose.
const raiseClientEpochs = `
update clients
   set epoch = epoch + ?1,
       row_version = row_version + 1`

// Every row of sessions is looked at, on purpose: no index has those that were not ended.
const endAllSessions = `
update sessions
   set ended_at = ?1,
       end_reason = ?2,
       row_version = row_version + 1
 where ended_at is null`

// Every row of password_resets, on purpose.
const deleteResets = `
delete from password_resets`

// The primary key of feed_head serves this; one row.
const renameFeed = `
update feed_head
   set feed_id = ?1
 where singleton = 1`

// Restore implements [tokens.KeyringStore].
func (s *Store) Restore(ctx context.Context, r tokens.Restoration, mark uint64) (done tokens.Restored, applied bool, err error) {
	err = s.write(ctx, "start over after a restore", func(ctx context.Context, l *link) error {
		raised, err := l.exec(ctx, raiseKeyringVersion, r.Keyring.Version)
		if err != nil || raised == 0 {
			return err
		}
		applied = true
		if done, err = startOver(ctx, l, &r); err != nil {
			return err
		}
		return s.changeKeyring(ctx, l, &r.Keyring, mark)
	})
	if err != nil || !applied {
		return tokens.Restored{}, false, err
	}
	return done, true, nil
}

func startOver(ctx context.Context, l *link, r *tokens.Restoration) (done tokens.Restored, err error) {
	for _, step := range []struct {
		statement string
		args      []any
		rows      *int
	}{
		{raiseEpochs, []any{int64(r.Raise)}, &done.Users},
		{raiseClientEpochs, []any{int64(r.Raise)}, &done.Clients},
		{endAllSessions, []any{micros(r.At), string(audit.Restored)}, &done.Sessions},
		{deleteResets, nil, &done.Resets},
		{renameFeed, []any{r.FeedID}, new(int)},
	} {
		rows, err := l.exec(ctx, step.statement, step.args...)
		if err != nil {
			return done, err
		}
		*step.rows = int(rows)
	}
	return done, nil
}

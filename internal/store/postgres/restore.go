package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// Every row of users, on purpose.
const raiseEpochs = `
update users u
   set epoch = u.epoch + $1::bigint,
       row_version = u.row_version + 1`

// Every row of clients, on purpose.
const raiseClientEpochs = `
update clients c
   set epoch = c.epoch + $1::bigint,
       row_version = c.row_version + 1`

// Every row of sessions is looked at, on purpose: no index has those that were not ended.
const endAllSessions = `
update sessions s
   set ended_at = $1,
       end_reason = $2,
       row_version = s.row_version + 1
 where s.ended_at is null`

// Every row of password_resets, on purpose.
const deleteResets = `
delete from password_resets r`

// feed_head_pkey serves this. It comes after changeKeyring, which holds the head if it has this version.
// If it has another one, the id becomes null, which its column refuses: then nothing of what stands
// before this is done either, though the commit stands behind it in the same message.
const renameFeed = `
update feed_head h
   set feed_id = case when h.keyring_version = $1 then $2::text end,
       keyring_version = h.keyring_version + 1
 where h.singleton = 1`

// notNull is the SQLSTATE of a null in a column that takes none.
const notNull = "23502"

// Restore implements [tokens.KeyringStore]: in its first message users, clients, sessions and resets, in its
// second one the keyring, the head, the kills and the commit.
func (s *Store) Restore(ctx context.Context, r tokens.Restoration, mark uint64) (done tokens.Restored, applied bool, err error) {
	var heads []revocation.Head
	first := s.newTransaction()
	first.Queue(raiseEpochs, int64(r.Raise)).Exec(countInto(&done.Users))
	first.Queue(raiseClientEpochs, int64(r.Raise)).Exec(countInto(&done.Clients))
	first.Queue(endAllSessions, r.At, string(audit.Restored)).Exec(countInto(&done.Sessions))
	first.Queue(deleteResets).Exec(countInto(&done.Resets))
	first.Queue(selectHead).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			head, err := scanHead(rows)
			if err != nil {
				return err
			}
			heads = append(heads, head)
		}
		return rows.Err()
	})
	applied, err = s.transact(ctx, "start over after a restore", first, func() *pgx.Batch {
		if len(heads) == 0 || heads[0].KeyringVersion != r.Keyring.Version {
			return nil
		}
		last := &pgx.Batch{}
		queueKeyringChange(last, &r.Keyring, mark)
		last.Queue(renameFeed, r.Keyring.Version, r.FeedID)
		queueCommit(last)
		return last
	})
	if isCode(err, notNull) {
		err = nil // the keyring was changed between the two messages
	}
	if err != nil || !applied {
		return tokens.Restored{}, false, err
	}
	return done, true, nil
}

func countInto(n *int) func(pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		*n = int(tag.RowsAffected())
		return nil
	}
}

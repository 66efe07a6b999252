package storetest

import (
	"context"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// refusedHalf does a part of what was refused.
func refusedHalf(part func(c tokens.UserChange) tokens.UserChange) func(*broken) {
	return changed(func(b *broken, c tokens.UserChange, applied bool, mark uint64) bool {
		if applied {
			return true
		}
		half := part(c)
		half.User = c.User
		user, _, _, found, err := b.Store.LoadUser(b.tb.Context(), c.User)
		if half.Version = user.RowVersion; found && err == nil {
			_, _ = b.Store.ChangeUser(b.tb.Context(), half, mark)
		}
		return false
	})
}

var refusalDefects = map[string][]defect{
	"a change that misses the version of its user writes nothing": {
		{"the version is ignored", ignoreVersion},
		{"a version from the future is fine", changes(func(b *broken, c *tokens.UserChange) {
			user, _, _, _, _ := b.Store.LoadUser(b.tb.Context(), c.User)
			c.Version = min(c.Version, user.RowVersion)
		})},
		{"half-committed: the session was opened first", refusedHalf(func(c tokens.UserChange) tokens.UserChange {
			return tokens.UserChange{Open: c.Open}
		})},
		{"half-committed: sessions were ended first", refusedHalf(func(c tokens.UserChange) tokens.UserChange {
			return tokens.UserChange{End: c.End}
		})},
		{"half-committed: the epoch was raised first", refusedHalf(func(tokens.UserChange) tokens.UserChange {
			return tokens.UserChange{RaiseEpoch: true}
		})},
		{"refused changes raise the version", refusedHalf(func(tokens.UserChange) tokens.UserChange { return tokens.UserChange{} })},
		{"a refusal is an error", func(b *broken) {
			b.changeUser = func(ctx context.Context, c tokens.UserChange, mark uint64) (bool, error) {
				applied, err := b.Store.ChangeUser(ctx, c, mark)
				if err == nil && !applied {
					err = errDefect
				}
				return applied, err
			}
		}},
		{"a refused change draws a mark", changed(func(b *broken, _ tokens.UserChange, applied bool, mark uint64) bool {
			b.sql(`update feed_head set mark = ?`, int64(mark))
			return applied
		})},
	},
	"a change in the name of a session that was ended writes nothing": {
		{"the guard is ignored", changes(func(_ *broken, c *tokens.UserChange) { c.Guard = auth.SessionID{} })},
		{"half-committed: the password was set before the guard was looked at", refusedHalf(func(c tokens.UserChange) tokens.UserChange {
			return tokens.UserChange{PasswordHash: c.PasswordHash}
		})},
	},
	"a change in the name of a session that is not the user's writes nothing": {
		{"a guard that does not exist is none", changes(func(b *broken, c *tokens.UserChange) {
			if len(b.ids(`select session_id from sessions where session_id = ?`, c.Guard[:])) == 0 {
				c.Guard = auth.SessionID{}
			}
		})},
		{"anybody's session guards", changes(func(b *broken, c *tokens.UserChange) {
			if len(b.ids(`select session_id from sessions where session_id = ?`, c.Guard[:])) > 0 {
				c.Guard = auth.SessionID{}
			}
		})},
	},
	"a change of a user who is not there writes nothing": {
		{"it is reported as applied", changed(func(*broken, tokens.UserChange, bool, uint64) bool { return true })},
		{"it is an error", func(b *broken) {
			b.changeUser = func(ctx context.Context, c tokens.UserChange, mark uint64) (bool, error) {
				if _, _, _, found, _ := b.Store.LoadUser(ctx, c.User); !found {
					return false, errDefect // a foreign key, as a rule
				}
				return b.Store.ChangeUser(ctx, c, mark)
			}
		}},
		{"the feed hears of an epoch that nobody has", changed(func(b *broken, c tokens.UserChange, applied bool, mark uint64) bool {
			if !applied && c.RaiseEpoch {
				b.sql(`insert into kills select seq + 1, 'sub', x'000000000000000000000000', 1, 1, ? from feed_head`, int64(mark))
				b.sql(headFollows)
			}
			return applied
		})},
		{"the session is opened for nobody", changed(func(b *broken, c tokens.UserChange, applied bool, _ uint64) bool {
			if !applied && c.Open != nil {
				b.sql(`insert or ignore into sessions select ?, ?, client_id, epoch, generation, current_hash, previous_hash, nonce,
					secret_version, created_at, rotated_at, idle_ends_at, ends_at, ended_at, end_reason, device, user_agent,
					login_ip, row_version, login_net, shelved from sessions limit 1`, c.Open.ID[:], b.anybody())
			}
			return applied
		})},
	},
	"a change shown again is not written again": {
		{"the version is ignored", changes(func(b *broken, c *tokens.UserChange) {
			user, _, _, _, _ := b.Store.LoadUser(b.tb.Context(), c.User)
			if c.Version == user.RowVersion-1 {
				c.Version, c.Guard, c.Open = user.RowVersion, auth.SessionID{}, nil
			}
		})},
		{"what was applied once counts as applied", changed(func(*broken, tokens.UserChange, bool, uint64) bool { return true })},
		{"the second is a duplicate key", func(b *broken) {
			b.changeUser = func(ctx context.Context, c tokens.UserChange, mark uint64) (bool, error) {
				applied, err := b.Store.ChangeUser(ctx, c, mark)
				if err == nil && !applied {
					err = errDefect
				}
				return applied, err
			}
		}},
	},
	"a login decided before the epoch was raised opens nothing": {
		{"a raised epoch leaves the version alone", afterChange(`update users set row_version = row_version - 1`)},
		{"the version is ignored", ignoreVersion},
	},
}

// anybody is the id of some user, as its column has it.
func (b *broken) anybody() []byte {
	var id []byte
	if err := b.raw.QueryRow(`select user_id from users limit 1`).Scan(&id); err != nil {
		b.tb.Errorf("a defect's own query: %v", err)
	}
	return id
}

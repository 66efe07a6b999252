package storetest

import (
	"context"

	"github.com/authd/authd/internal/tokens"
)

// deleted does more after a user was deleted.
func deleted(statement string, args ...any) func(*broken) {
	return changed(func(b *broken, c tokens.UserChange, applied bool, _ uint64) bool {
		if c.Delete && applied {
			b.sql(statement, args...)
		}
		return applied
	})
}

// beforeDeletion copies a row of the user, which a deletion then forgets to remove.
func beforeDeletion(keep, restore string) func(*broken) {
	return func(b *broken) {
		b.changeUser = func(ctx context.Context, c tokens.UserChange, mark uint64) (bool, error) {
			if c.Delete {
				b.sql(`create table kept as `+keep, c.User[:])
			}
			applied, err := b.Store.ChangeUser(ctx, c, mark)
			if c.Delete {
				if applied {
					b.sql(restore)
				}
				b.sql(`drop table kept`)
			}
			return applied, err
		}
	}
}

// deletedAnyway deletes a part of what was not to be deleted.
func deletedAnyway(statement string) func(*broken) {
	return changed(func(b *broken, c tokens.UserChange, applied bool, _ uint64) bool {
		if c.Delete && !applied {
			b.sql(statement)
		}
		return applied
	})
}

var deleteDefects = map[string][]defect{
	"a deleted user is gone with all that was kept, and the kill outlives the row": {
		{"the user is disabled instead", changes(func(_ *broken, c *tokens.UserChange) { c.Delete = false })},
		{"ended sessions stay", beforeDeletion(`select * from sessions where user_id = ? and ended_at is not null`,
			`insert into sessions select * from kept`)},
		{"the reset stays", beforeDeletion(`select * from password_resets where user_id = ?`,
			`insert into password_resets select * from kept`)},
		{"the hash stays under the name", beforeDeletion(`select * from users where user_id = ?`, `insert into users select * from kept`)},
		{"the audit keeps the addresses", deleted(`update audit set address = '192.0.2.7' where user_id is not null`)},
		{"the audit keeps the agents", deleted(`update audit set user_agent = 'curl/8' where user_id is not null`)},
		{"the audit forgets what happened", deleted(`delete from audit where user_id is not null`)},
		{"the audit forgets whose it was", deleted(`update audit set user_id = null`)},
		{"the kill goes with the row", deleted(`delete from kills where kind = 'sub'; ` + headFollows)},
		{"nobody hears of it", changes(func(_ *broken, c *tokens.UserChange) { c.RaiseEpoch = c.RaiseEpoch && !c.Delete })},
	},
	"a deletion leaves everybody else alone": {
		{"all sessions go", deleted(`delete from sessions`)},
		{"all resets go", deleted(`delete from password_resets`)},
		{"all of the audit is blanked", deleted(`update audit set address = null, user_agent = null`)},
		{"the audit of nobody is blanked", deleted(`update audit set address = null where user_id is null`)},
		{"the audit loses nobody's", deleted(`delete from audit where user_id is null`)},
		{"all epochs rise", deleted(`update users set epoch = epoch + 1`)},
		{"all versions rise", deleted(`update users set row_version = row_version + 1`)},
	},
	"a deletion that is refused deletes nothing": {
		{"sessions go", deletedAnyway(`delete from sessions`)},
		{"the reset goes", deletedAnyway(`delete from password_resets`)},
		{"the audit is blanked", deletedAnyway(`update audit set address = null`)},
		{"the version rises", deletedAnyway(`update users set row_version = row_version + 1`)},
		{"the version is ignored", ignoreVersion},
		{"the guard is ignored", changes(func(_ *broken, c *tokens.UserChange) {
			if c.Delete {
				c.Guard = [16]byte{}
			}
		})},
		{"the reset is ignored", changes(func(_ *broken, c *tokens.UserChange) { c.SpendReset = tokens.ResetID{} })},
	},
	"B20: deletions, logins, rotations and ends at once leave nothing of the deleted": {
		{"nobody is deleted", changes(func(_ *broken, c *tokens.UserChange) { c.Delete = false })},
		{"a login that was under way leaves its session", changed(func(b *broken, c tokens.UserChange, applied bool, _ uint64) bool {
			if c.Open != nil && !applied {
				b.sql(`insert or ignore into sessions select ?, user_id, client_id, epoch, generation, current_hash, previous_hash, nonce,
					secret_version, created_at, rotated_at, idle_ends_at, ends_at, ended_at, end_reason, device, user_agent,
					login_ip, row_version, login_net, shelved from sessions limit 1`, c.Open.ID[:])
			}
			return applied
		})},
		{"the kill is forgotten", changes(func(_ *broken, c *tokens.UserChange) { c.RaiseEpoch = c.RaiseEpoch && !c.Delete })},
	},
}

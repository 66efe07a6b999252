package storetest

import (
	"context"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/tokens"
)

// resets passes every reset that is read through change.
func resets(change func(b *broken, r *accounts.Reset, clock *time.Time, found *bool)) func(*broken) {
	return func(b *broken) {
		b.resetByID = func(ctx context.Context, id tokens.ResetID) (accounts.Reset, time.Time, bool, error) {
			r, clock, found, err := b.Store.ResetByID(ctx, id)
			change(b, &r, &clock, &found)
			return r, clock, found, err
		}
	}
}

// remembered is what a store that keeps spent and replaced resets would find.
func remembered(b *broken) {
	kept := make(map[tokens.ResetID]accounts.Reset)
	resets(func(_ *broken, r *accounts.Reset, _ *time.Time, found *bool) {
		if *found {
			kept[r.ID] = *r
		}
	})(b)
	read := b.resetByID
	b.resetByID = func(ctx context.Context, id tokens.ResetID) (accounts.Reset, time.Time, bool, error) {
		r, clock, found, err := read(ctx, id)
		if old, known := kept[id]; known && !found {
			return old, clock, true, err
		}
		return r, clock, found, err
	}
}

// unspent applies changes without looking at the reset.
var unspent = changes(func(b *broken, c *tokens.UserChange) {
	if !c.SpendReset.IsZero() {
		b.sql(`delete from password_resets where reset_id = ? and user_id = ?`, c.SpendReset[:], c.User[:])
		c.SpendReset = tokens.ResetID{}
	}
})

var resetDefects = map[string][]defect{
	"a password reset comes back as it was stored, with its user of the moment": {
		{"nobody finds it", resets(func(_ *broken, r *accounts.Reset, _ *time.Time, found *bool) { *r, *found = accounts.Reset{}, false })},
		{"any id finds one", resets(func(_ *broken, _ *accounts.Reset, _ *time.Time, found *bool) { *found = true })},
		{"with the epoch of its user", resets(func(_ *broken, r *accounts.Reset, _ *time.Time, _ *bool) { r.Epoch = r.User.Epoch })},
		{"with a user of its own epoch", resets(func(_ *broken, r *accounts.Reset, _ *time.Time, _ *bool) { r.User.Epoch = r.Epoch })},
		{"in whole seconds", resets(func(_ *broken, r *accounts.Reset, _ *time.Time, _ *bool) {
			r.ExpiresAt, r.CreatedAt = r.ExpiresAt.Truncate(time.Second), r.CreatedAt.Truncate(time.Second)
		})},
		{"times are in the local zone", resets(func(_ *broken, r *accounts.Reset, _ *time.Time, _ *bool) {
			r.ExpiresAt = r.ExpiresAt.In(time.FixedZone("here", 3600))
		})},
		{"the clock is the one of its making", resets(func(_ *broken, r *accounts.Reset, clock *time.Time, _ *bool) {
			*clock = r.CreatedAt.Add(-time.Hour)
		})},
		{"with the version of another moment", resets(func(_ *broken, r *accounts.Reset, _ *time.Time, _ *bool) { r.RowVersion = 1 })},
		{"storing it leaves the user's version alone", changed(func(b *broken, c tokens.UserChange, applied bool, _ uint64) bool {
			if c.Reset != nil {
				b.sql(`update users set row_version = row_version - 1`)
			}
			return applied
		})},
	},
	"a new reset replaces the user's old one and nobody else's": {
		{"the old one is still found", remembered},
		{"the first stays", changes(func(b *broken, c *tokens.UserChange) {
			var n int
			if c.Reset != nil && b.raw.QueryRow(`select count(*) from password_resets where user_id = ?`, c.User[:]).Scan(&n) == nil && n > 0 {
				c.Reset = nil
			}
		})},
		{"it replaces everybody's", changed(func(b *broken, c tokens.UserChange, applied bool, _ uint64) bool {
			if c.Reset != nil && applied {
				b.sql(`delete from password_resets where user_id <> ?`, c.User[:])
			}
			return applied
		})},
		{"a refused one is stored", changed(func(b *broken, c tokens.UserChange, applied bool, _ uint64) bool {
			if r := c.Reset; r != nil && !applied {
				b.sql(`insert or replace into password_resets select user_id, ?, ?, 1, 1, 1 from users limit 1`, r.ID[:], r.SecretHash[:])
			}
			return applied
		})},
	},
	"a reset is spent by its user, once, and nothing happens in the name of one that is gone": {
		{"one that is not there will do", unspent},
		{"it can be spent again", changed(func(b *broken, c tokens.UserChange, applied bool, _ uint64) bool {
			if !c.SpendReset.IsZero() && applied {
				b.sql(`insert into password_resets values (?, ?, ?, 1, 1, 1)`, c.User[:], c.SpendReset[:], make([]byte, 32))
			}
			return applied
		})},
		{"anybody's will do", changes(func(b *broken, c *tokens.UserChange) {
			var id []byte
			if b.raw.QueryRow(`select user_id from password_resets where reset_id = ?`, c.SpendReset[:]).Scan(&id) == nil && string(id) != string(c.User[:]) {
				c.SpendReset = tokens.ResetID{}
			}
		})},
		{"a refused change spends it", changed(func(b *broken, c tokens.UserChange, applied bool, _ uint64) bool {
			if !applied {
				b.sql(`delete from password_resets where reset_id = ?`, c.SpendReset[:])
			}
			return applied
		})},
		{"everybody's are spent", changed(func(b *broken, c tokens.UserChange, applied bool, _ uint64) bool {
			if applied && !c.SpendReset.IsZero() {
				b.sql(`delete from password_resets`)
			}
			return applied
		})},
	},
	"of many who spend one reset at once one succeeds": {
		{"nobody looks whether it is there", func(b *broken) { unspent(b); retried(b, b.changeUser) }},
		{"everybody hears of a success", changed(func(*broken, tokens.UserChange, bool, uint64) bool { return true })},
	},
}

// retried applies a change to the row as it is, however often it changes meanwhile.
func retried(b *broken, apply func(context.Context, tokens.UserChange, uint64) (bool, error)) {
	b.changeUser = func(ctx context.Context, c tokens.UserChange, mark uint64) (bool, error) {
		for {
			user, _, _, found, err := b.Store.LoadUser(ctx, c.User)
			if err != nil || !found {
				return false, err
			}
			c.Version = user.RowVersion
			if applied, err := apply(ctx, c, mark); applied || err != nil {
				return applied, err
			}
		}
	}
}

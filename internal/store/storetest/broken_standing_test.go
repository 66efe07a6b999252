package storetest

import (
	"context"
	"slices"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// loginsByID passes credentials that are found by id through change.
func loginsByID(change func(b *broken, c *accounts.Credentials, cost *int, found *bool)) func(*broken) {
	return func(b *broken) {
		b.credentialsByID = func(ctx context.Context, id auth.UserID) (accounts.Credentials, int, bool, error) {
			c, cost, found, err := b.Store.CredentialsByID(ctx, id)
			change(b, &c, &cost, &found)
			return c, cost, found, err
		}
	}
}

// additions passes kills through change before they are added.
func additions(change func(kills []revocation.Kill) []revocation.Kill) func(*broken) {
	return func(b *broken) {
		b.addKills = func(ctx context.Context, kills []revocation.Kill, mark uint64) error {
			return b.Store.AddKills(ctx, change(slices.Clone(kills)), mark)
		}
	}
}

var standingDefects = map[string][]defect{
	"a user is disabled and enabled, and gets and loses roles, and nothing else changes": {
		{"nobody is disabled", changes(func(_ *broken, c *tokens.UserChange) { c.DisabledAt = nil })},
		{"who is disabled stays so", changes(func(_ *broken, c *tokens.UserChange) {
			if c.DisabledAt != nil && c.DisabledAt.IsZero() {
				c.DisabledAt = nil
			}
		})},
		{"every change enables", changes(func(_ *broken, c *tokens.UserChange) {
			if c.DisabledAt == nil {
				c.DisabledAt = &time.Time{}
			}
		})},
		{"the time of disabling is the clock's", changes(func(_ *broken, c *tokens.UserChange) {
			if c.DisabledAt != nil && !c.DisabledAt.IsZero() {
				now := time.Now()
				c.DisabledAt = &now
			}
		})},
		{"disabling raises the epoch", changes(func(_ *broken, c *tokens.UserChange) { c.RaiseEpoch = c.DisabledAt != nil })},
		{"roles are added", changes(func(b *broken, c *tokens.UserChange) {
			if c.Roles != nil {
				user, _, _, _, _ := b.Store.LoadUser(b.tb.Context(), c.User)
				all := append(user.Roles, *c.Roles...)
				c.Roles = &all
			}
		})},
		{"no roles are no change", changes(func(_ *broken, c *tokens.UserChange) {
			if c.Roles != nil && len(*c.Roles) == 0 {
				c.Roles = nil
			}
		})},
		{"roles are everybody's", changed(func(b *broken, c tokens.UserChange, applied bool, _ uint64) bool {
			if c.Roles != nil {
				b.sql(`update users set roles = (select roles from users where user_id = ?)`, c.User[:])
			}
			return applied
		})},
	},
	"credentials found by id are those found by name": {
		{"without the hash", loginsByID(func(_ *broken, c *accounts.Credentials, _ *int, _ *bool) { c.PasswordHash = "" })},
		{"with the version of another moment", loginsByID(func(_ *broken, c *accounts.Credentials, _ *int, _ *bool) { c.RowVersion = 1 })},
		{"without the greatest cost", loginsByID(func(_ *broken, _ *accounts.Credentials, cost *int, _ *bool) { *cost = 0 })},
		{"nobody is somebody", loginsByID(func(b *broken, c *accounts.Credentials, cost *int, found *bool) {
			if !*found {
				*c, *cost, *found, _ = b.Store.CredentialsByName(b.tb.Context(), "ann")
			}
		})},
	},
	"entries that no row stands behind are added in order, and none leaves the feed alone": {
		{"the first alone is added", additions(func(kills []revocation.Kill) []revocation.Kill { return kills[:min(1, len(kills))] })},
		{"the last comes first", additions(func(kills []revocation.Kill) []revocation.Kill { slices.Reverse(kills); return kills })},
		{"what is dead is not killed again", func(b *broken) {
			seen := make(map[revocation.Kill]bool)
			additions(func(kills []revocation.Kill) []revocation.Kill {
				kills = slices.DeleteFunc(kills, func(k revocation.Kill) bool { return seen[k] })
				for _, k := range kills {
					seen[k] = true
				}
				return kills
			})(b)
		}},
		{"none draws a mark", func(b *broken) {
			b.addKills = func(ctx context.Context, kills []revocation.Kill, mark uint64) error {
				if len(kills) == 0 {
					b.sql(`update feed_head set mark = ?`, int64(mark))
				}
				return b.Store.AddKills(ctx, kills, mark)
			}
		}},
		{"they are forgotten at once", func(b *broken) {
			b.addKills = func(ctx context.Context, kills []revocation.Kill, mark uint64) error {
				err := b.Store.AddKills(ctx, kills, mark)
				b.sql(`update kills set until = 1`)
				return err
			}
		}},
		{"they end sessions", func(b *broken) {
			b.addKills = func(ctx context.Context, kills []revocation.Kill, mark uint64) error {
				err := b.Store.AddKills(ctx, kills, mark)
				b.sql(`update sessions set ended_at = 1`)
				return err
			}
		}},
	},
}

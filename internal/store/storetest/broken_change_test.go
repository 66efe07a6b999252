package storetest

import (
	"context"
	"slices"

	"github.com/authd/authd/internal/tokens"
)

// changes passes every change through change before it is written.
func changes(change func(b *broken, c *tokens.UserChange)) func(*broken) {
	return func(b *broken) {
		b.changeUser = func(ctx context.Context, c tokens.UserChange, mark uint64) (bool, error) {
			c.End = slices.Clone(c.End)
			change(b, &c)
			return b.Store.ChangeUser(ctx, c, mark)
		}
	}
}

// changed does more after a change was applied or refused, and may lie about it.
func changed(more func(b *broken, c tokens.UserChange, applied bool, mark uint64) bool) func(*broken) {
	return func(b *broken) {
		b.changeUser = func(ctx context.Context, c tokens.UserChange, mark uint64) (bool, error) {
			applied, err := b.Store.ChangeUser(ctx, c, mark)
			if err != nil {
				return false, err
			}
			return more(b, c, applied, mark), nil
		}
	}
}

// afterChange runs a statement after every change that raised an epoch.
func afterChange(statement string) func(*broken) {
	return changed(func(b *broken, c tokens.UserChange, applied bool, _ uint64) bool {
		if applied && c.RaiseEpoch {
			b.sql(statement)
		}
		return applied
	})
}

// ignoreVersion applies a change to the row as it is, however often it changes meanwhile.
func ignoreVersion(b *broken) {
	b.changeUser = func(ctx context.Context, c tokens.UserChange, mark uint64) (bool, error) {
		for tried := int64(-1); ; {
			user, _, _, _, err := b.Store.LoadUser(ctx, c.User)
			if err != nil || user.RowVersion == tried {
				return false, err
			}
			c.Version, tried = user.RowVersion, user.RowVersion
			if applied, err := b.Store.ChangeUser(ctx, c, mark); applied || err != nil {
				return applied, err
			}
		}
	}
}

var changeDefects = map[string][]defect{
	"a change with every member set writes everything, and its entries in order": {
		{"half-committed: the session is opened and the epoch stays", changes(func(_ *broken, c *tokens.UserChange) { c.RaiseEpoch = false })},
		{"half-committed: the password stays", changes(func(_ *broken, c *tokens.UserChange) { c.PasswordHash = "" })},
		{"half-committed: nothing is ended", changes(func(_ *broken, c *tokens.UserChange) { c.End = nil })},
		{"half-committed: nothing is opened", changes(func(_ *broken, c *tokens.UserChange) {
			if c.RaiseEpoch {
				c.Open = nil
			}
		})},
		{"half-committed: sessions end without kills", afterChange(`delete from kills where kind = 'sid'; ` + headFollows)},
		{"the guard survives", changes(func(_ *broken, c *tokens.UserChange) {
			c.End = slices.DeleteFunc(c.End, func(d tokens.Death) bool { return d.Session == c.Guard })
		})},
		{"the guard must outlive the change", func(b *broken) {
			b.changeUser = func(ctx context.Context, c tokens.UserChange, mark uint64) (bool, error) {
				if slices.Contains(endedIDs(victims(c.End)), c.Guard) {
					return false, nil
				}
				return b.Store.ChangeUser(ctx, c, mark)
			}
		}},
		{"the epoch's entry comes first", afterChange(`update kills set seq = -seq; update kills set seq =
			case when kind = 'sub' then (select -max(seq) from kills) else 1 - seq end`)},
		{"ends are in the order of ids", changes(func(_ *broken, c *tokens.UserChange) {
			slices.SortFunc(c.End, func(a, b tokens.Death) int { return slices.Compare(a.Session[:], b.Session[:]) })
		})},
		{"the version stays", afterChange(`update users set row_version = row_version - 1`)},
		{"all entries have the seq of their transaction's first", afterChange(`update feed_head set seq = seq - 1`)},
		{"the opened session has the old epoch", changes(func(_ *broken, c *tokens.UserChange) {
			if c.Open != nil && c.RaiseEpoch {
				old := *c.Open
				old.Epoch--
				c.Open = &old
			}
		})},
	},
	"members of a change that are zero change nothing": {
		{"no password is an empty one", changed(func(b *broken, c tokens.UserChange, applied bool, _ uint64) bool {
			if c.PasswordHash == "" && c.Open == nil {
				b.sql(`update users set password_hash = ''`)
			}
			return applied
		})},
		{"the version stays", changed(func(b *broken, c tokens.UserChange, applied bool, _ uint64) bool {
			if c.Open == nil {
				b.sql(`update users set row_version = row_version - 1`)
			}
			return applied
		})},
		{"every change raises the epoch", changes(func(_ *broken, c *tokens.UserChange) { c.RaiseEpoch = c.Open == nil })},
		{"every change draws a mark", changed(func(b *broken, _ tokens.UserChange, applied bool, mark uint64) bool {
			b.sql(`update feed_head set mark = ?`, int64(mark))
			return applied
		})},
		{"no guard is a guard that is missing", func(b *broken) {
			b.changeUser = func(ctx context.Context, c tokens.UserChange, mark uint64) (bool, error) {
				if c.Guard.IsZero() && c.Open == nil {
					return false, nil
				}
				return b.Store.ChangeUser(ctx, c, mark)
			}
		}},
	},
	"each member of a change does its own part alone": {
		{"a new password raises the epoch", changes(func(_ *broken, c *tokens.UserChange) {
			c.RaiseEpoch = c.RaiseEpoch || c.PasswordHash != ""
		})},
		{"a raised epoch ends all sessions", afterChange(`update sessions set ended_at = 1`)},
		{"an end raises the epoch", changes(func(_ *broken, c *tokens.UserChange) { c.RaiseEpoch = c.RaiseEpoch || len(c.End) > 0 })},
		{"the guard is ended", changes(func(_ *broken, c *tokens.UserChange) {
			if !c.Guard.IsZero() {
				c.End = append(c.End, tokens.Death{Session: c.Guard, Reason: "guard"})
			}
		})},
		{"a login writes the feed", changed(func(b *broken, c tokens.UserChange, applied bool, mark uint64) bool {
			if c.Open != nil {
				b.sql(`update feed_head set mark = ?`, int64(mark))
			}
			return applied
		})},
	},
	"a change kills only what it ended itself": {
		{"one dead session refuses the change", func(b *broken) {
			b.changeUser = func(ctx context.Context, c tokens.UserChange, mark uint64) (bool, error) {
				for _, d := range c.End {
					if len(b.ids(`select session_id from sessions where session_id = ? and ended_at is null`, d.Session[:])) == 0 {
						return false, nil
					}
				}
				return b.Store.ChangeUser(ctx, c, mark)
			}
		}},
		{"what was dead gets another entry", changed(func(b *broken, c tokens.UserChange, applied bool, _ uint64) bool {
			if len(c.End) > 0 {
				b.sql(repeatNewest)
				b.sql(headFollows)
			}
			return applied
		})},
		{"what was dead gets another reason", changed(func(b *broken, c tokens.UserChange, applied bool, _ uint64) bool {
			for _, d := range c.End {
				b.sql(`update sessions set end_reason = ? where session_id = ?`, string(d.Reason), d.Session[:])
			}
			return applied
		})},
	},
	"the session beyond the limit goes in the change that opens another": {
		{"who opens does not end", changes(func(_ *broken, c *tokens.UserChange) {
			if c.Open != nil {
				c.End = nil
			}
		})},
		{"who ends does not open", changes(func(_ *broken, c *tokens.UserChange) {
			if len(c.End) > 0 {
				c.Open = nil
			}
		})},
		{"the oldest goes, whichever was named", changes(func(b *broken, c *tokens.UserChange) {
			for i := range c.End {
				c.End[i].Session = b.ids(`select session_id from sessions order by created_at limit 1`)[0]
			}
		})},
	},
	"a change of one user leaves all others alone": {
		{"all passwords are set", afterChange(`update users set password_hash = (select password_hash from users order by row_version desc limit 1)`)},
		{"all versions rise", afterChange(`update users set row_version = row_version + 1`)},
		{"all epochs rise", afterChange(`update users set epoch = 2`)},
		{"all sessions end", afterChange(`update sessions set ended_at = 1 where ended_at is null`)},
	},
	"a rotation goes on while its user changes": {
		{"a change raises the versions of the user's sessions", afterChange(`update sessions set row_version = row_version + 1`)},
		{"a raised epoch ends the user's sessions", afterChange(`update sessions set ended_at = 1, row_version = row_version + 1`)},
	},
}

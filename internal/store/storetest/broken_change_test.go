package storetest

import (
	"context"
	"slices"

	"github.com/authd/authd/internal/auth"
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

// ignoreVersion applies a change to the row as it is.
var ignoreVersion = changes(func(b *broken, c *tokens.UserChange) {
	if user, _, _, found, err := b.Store.LoadUser(b.tb.Context(), c.User); found && err == nil {
		c.Version = user.RowVersion
	}
})

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
				if slices.Contains(victims(c.End), c.Guard) {
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
					login_ip, row_version from sessions limit 1`, c.Open.ID[:], b.anybody())
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

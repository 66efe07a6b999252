package storetest

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// rings passes the keyring that is read through change.
func rings(change func(*tokens.KeyringRows)) func(*broken) {
	return func(b *broken) {
		b.loadKeyring = func(ctx context.Context) (tokens.KeyringRows, error) {
			rows, err := b.Store.LoadKeyring(ctx)
			change(&rows)
			return rows, err
		}
	}
}

// turned does more after the keyring was changed, or was not.
func turned(more func(b *broken, c *tokens.KeyringChange, mark uint64, applied bool)) func(*broken) {
	return func(b *broken) {
		b.changeKeyring = func(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
			applied, err := b.Store.ChangeKeyring(ctx, c, mark)
			if err == nil {
				more(b, &c, mark, applied)
			}
			return applied, err
		}
	}
}

// wanting passes a change of the keyring on after want has altered it.
func wanting(want func(*tokens.KeyringChange)) func(*broken) {
	return func(b *broken) {
		b.changeKeyring = func(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
			want(&c)
			return b.Store.ChangeKeyring(ctx, c, mark)
		}
	}
}

// swapless applies every change to the version that there is.
func swapless(b *broken) {
	b.changeKeyring = func(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
		for {
			rows, err := b.Store.LoadKeyring(ctx)
			if err != nil {
				return false, err
			}
			c.Version = rows.Version
			if applied, err := b.Store.ChangeKeyring(ctx, c, mark); applied || err != nil {
				return applied, err
			}
		}
	}
}

// replacing lets the last one have what is taken.
func replacing(b *broken) {
	b.changeKeyring = func(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
		for _, k := range c.Keys {
			b.sql(`delete from signing_keys where kid = ? or slot = ?`, k.KID, k.Slot)
		}
		for _, s := range c.Secrets {
			b.sql(`delete from secrets where name = ?`, s.Name)
		}
		return b.Store.ChangeKeyring(ctx, c, mark)
	}
}

// untold says of a change that failed that it was refused.
func untold(b *broken) {
	b.changeKeyring = func(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
		applied, err := b.Store.ChangeKeyring(ctx, c, mark)
		if err != nil && ctx.Err() == nil {
			return false, nil
		}
		return applied, err
	}
}

var keyringDefects = map[string][]defect{
	"the keyring survives the round trip, secrets by name and keys by slot": {
		{"a secret ends at its first zero", rings(func(r *tokens.KeyringRows) {
			for i, s := range r.Secrets {
				r.Secrets[i].Sealed, _, _ = bytes.Cut(s.Sealed, []byte{0})
			}
		})},
		{"slots are sorted as text", rings(func(r *tokens.KeyringRows) {
			slices.SortFunc(r.Keys, func(a, b tokens.PublishedKey) int {
				return cmp.Compare(strconv.FormatInt(a.Slot, 10), strconv.FormatInt(b.Slot, 10))
			})
		})},
		{"names are sorted by their versions", rings(func(r *tokens.KeyringRows) {
			slices.SortFunc(r.Secrets, func(a, b tokens.SealedSecret) int {
				return cmp.Or(cmp.Compare(len(a.Name), len(b.Name)), cmp.Compare(a.Name, b.Name))
			})
		})},
		{"case is folded in kids", rings(func(r *tokens.KeyringRows) {
			r.Keys = slices.DeleteFunc(r.Keys, func(k tokens.PublishedKey) bool { return k.KID == "A" })
		})},
		{"a key keeps the times of the one before", rings(func(r *tokens.KeyringRows) {
			for i := 1; i < len(r.Keys); i++ {
				if r.Keys[i].KilledAt.IsZero() {
					r.Keys[i].KilledAt = r.Keys[i-1].KilledAt
				}
			}
		})},
		{"killed keys are hidden", rings(func(r *tokens.KeyringRows) {
			r.Keys = slices.DeleteFunc(r.Keys, func(k tokens.PublishedKey) bool { return !k.KilledAt.IsZero() })
		})},
		{"every key signs from its creation", rings(func(r *tokens.KeyringRows) {
			for i := range r.Keys {
				r.Keys[i].SignsFrom = r.Keys[i].CreatedAt
			}
		})},
		{"times are milliseconds", rings(func(r *tokens.KeyringRows) {
			for i := range r.Secrets {
				r.Secrets[i].CreatedAt = r.Secrets[i].CreatedAt.Truncate(time.Millisecond)
			}
		})},
		{"a key's times are in the local zone", rings(func(r *tokens.KeyringRows) {
			for i := range r.Keys {
				r.Keys[i].CreatedAt = r.Keys[i].CreatedAt.In(time.FixedZone("here", 3600))
			}
		})},
	},
	"a change of the keyring is applied to the version that it was decided on, and to no other": {
		{"it is applied to whatever there is", swapless},
		{"it is applied to an older version, too", func(b *broken) {
			b.changeKeyring = func(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
				if rows, err := b.Store.LoadKeyring(ctx); err == nil && c.Version < rows.Version {
					c.Version = rows.Version
				}
				return b.Store.ChangeKeyring(ctx, c, mark)
			}
		}},
		{"a refusal is an error", func(b *broken) {
			b.changeKeyring = func(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
				applied, err := b.Store.ChangeKeyring(ctx, c, mark)
				if err == nil && !applied {
					err = errDefect
				}
				return applied, err
			}
		}},
		{"a refusal seals anew all the same", turned(func(b *broken, c *tokens.KeyringChange, _ uint64, applied bool) {
			for _, s := range c.Reseal {
				b.sql(`update secrets set sealed = ? where name = ?`, s.Sealed, s.Name)
			}
		})},
		{"a refusal kills all the same", turned(func(b *broken, c *tokens.KeyringChange, mark uint64, applied bool) {
			if !applied {
				_ = b.Store.AddKills(context.Background(), []revocation.Kill{revocation.KillKey("two")}, mark)
			}
		})},
		{"a refusal drops all the same", turned(func(b *broken, c *tokens.KeyringChange, _ uint64, applied bool) {
			for _, name := range c.DropSecrets {
				b.sql(`delete from secrets where name = ?`, name)
			}
		})},
		{"a refusal starts all the same", turned(func(b *broken, c *tokens.KeyringChange, _ uint64, applied bool) {
			for _, start := range c.Start {
				b.sql(`update signing_keys set signs_from = ? where kid = ?`, start.SignsFrom.UnixMicro(), start.KID)
			}
		})},
		{"the version stays", turned(func(b *broken, c *tokens.KeyringChange, _ uint64, applied bool) {
			b.sql(`update feed_head set keyring_version = 1`)
		})},
	},
	"what the keyring has is never taken again, and refuses the change as a whole": {
		{"the last one has it", replacing},
		{"it is refused without a word", untold},
		{"the rest of the change stays", func(b *broken) {
			b.changeKeyring = func(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
				applied, err := b.Store.ChangeKeyring(ctx, c, mark)
				if err != nil && ctx.Err() == nil {
					c.Keys, c.Secrets = nil, nil
					_, _ = b.Store.ChangeKeyring(ctx, c, mark)
				}
				return applied, err
			}
		}},
		{"the kill stays", func(b *broken) {
			b.changeKeyring = func(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
				applied, err := b.Store.ChangeKeyring(ctx, c, mark)
				if err != nil && len(c.Kill) > 0 {
					_ = b.Store.AddKills(ctx, []revocation.Kill{revocation.KillKey(c.Kill[0].KID)}, mark)
				}
				return applied, err
			}
		}},
		{"a killed key's place is free", func(b *broken) {
			b.changeKeyring = func(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
				if len(c.Keys) > 1 {
					b.sql(`delete from signing_keys where killed_at is not null and (kid = ? or slot = ?)`, c.Keys[1].KID, c.Keys[1].Slot)
				}
				return b.Store.ChangeKeyring(ctx, c, mark)
			}
		}},
	},
	"the keyring's version rises by one with each change, and the feed stays where it is": {
		{"it never rises", turned(func(b *broken, _ *tokens.KeyringChange, _ uint64, _ bool) {
			b.sql(`update feed_head set keyring_version = 0`)
		})},
		{"it rises by two", turned(func(b *broken, _ *tokens.KeyringChange, _ uint64, _ bool) {
			b.sql(`update feed_head set keyring_version = keyring_version + 1`)
		})},
		{"it rises for keys alone", turned(func(b *broken, c *tokens.KeyringChange, _ uint64, _ bool) {
			if len(c.Keys)+len(c.Start) == 0 {
				b.sql(`update feed_head set keyring_version = keyring_version - 1`)
			}
		})},
		{"what is loaded has another version", rings(func(r *tokens.KeyringRows) { r.Version += 7 })},
		{"the feed moves with the keyring", turned(func(b *broken, _ *tokens.KeyringChange, _ uint64, _ bool) {
			b.sql(`update feed_head set seq = seq + 1`)
		})},
		{"every change draws a mark", turned(func(b *broken, _ *tokens.KeyringChange, mark uint64, _ bool) {
			b.sql(`update feed_head set mark = ?`, int64(mark))
		})},
	},
	"instances that boot together end with one keyring": {
		{"the last one wins", func(b *broken) {
			swapless(b)
			then := b.changeKeyring
			b.changeKeyring = func(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
				b.sql(`delete from secrets`)
				b.sql(`delete from signing_keys`)
				return then(ctx, c, mark)
			}
		}},
		{"each believes in its own", func(b *broken) {
			var own atomic.Pointer[[]tokens.SealedSecret]
			b.changeKeyring = func(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
				own.Store(&c.Secrets)
				return b.Store.ChangeKeyring(ctx, c, mark)
			}
			rings(func(r *tokens.KeyringRows) {
				if s := own.Load(); s != nil {
					r.Secrets = *s
				}
			})(b)
		}},
		{"everybody has won", func(b *broken) {
			b.changeKeyring = func(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
				_, err := b.Store.ChangeKeyring(ctx, c, mark)
				return err == nil, err
			}
		}},
		{"the loser is an error", swapless},
	},
	"nothing is changed while there is no head whose version could say so": {
		{"it is changed, and nobody hears of it", func(b *broken) {
			b.changeKeyring = func(_ context.Context, c tokens.KeyringChange, _ uint64) (bool, error) {
				b.sql(`insert into secrets values (?, ?, ?)`, c.Secrets[0].Name, c.Secrets[0].Sealed, c.Secrets[0].CreatedAt.UnixMicro())
				return false, nil
			}
		}},
		{"it is said to be changed", func(b *broken) {
			b.changeKeyring = func(context.Context, tokens.KeyringChange, uint64) (bool, error) { return true, nil }
		}},
		{"it has version 1", rings(func(r *tokens.KeyringRows) { r.Version = max(r.Version, 1) })},
		{"it has a keyring of its own", rings(func(r *tokens.KeyringRows) {
			r.Secrets = append(r.Secrets, tokens.SealedSecret{Name: "refresh.1"})
		})},
	},
	"a start moves the turn of keys that live, and nothing else": {
		{"a turn that is settled stays", func(b *broken) {
			b.changeKeyring = func(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
				rows, _ := b.Store.LoadKeyring(ctx)
				c.Start = slices.DeleteFunc(slices.Clone(c.Start), func(s tokens.KeyStart) bool {
					return slices.ContainsFunc(rows.Keys, func(k tokens.PublishedKey) bool { return k.KID == s.KID && !k.SignsFrom.IsZero() })
				})
				return b.Store.ChangeKeyring(ctx, c, mark)
			}
		}},
		{"one start for all", wanting(func(c *tokens.KeyringChange) {
			for i := range c.Start {
				c.Start[i].SignsFrom = c.Start[0].SignsFrom
			}
		})},
		{"a killed key starts", turned(func(b *broken, c *tokens.KeyringChange, _ uint64, _ bool) {
			for _, start := range c.Start {
				b.sql(`update signing_keys set signs_from = ? where kid = ? and killed_at is not null`, start.SignsFrom.UnixMicro(), start.KID)
			}
		})},
		{"a start brings a killed key back", turned(func(b *broken, c *tokens.KeyringChange, _ uint64, _ bool) {
			for _, start := range c.Start {
				b.sql(`update signing_keys set killed_at = null where kid = ?`, start.KID)
			}
		})},
		{"only the first starts", wanting(func(c *tokens.KeyringChange) { c.Start = c.Start[:min(1, len(c.Start))] })},
	},
	"a killed key leaves its private half, enters the feed, and stays a tombstone": {
		{"the private half stays", func(b *broken) {
			b.changeKeyring = func(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
				rows, _ := b.Store.LoadKeyring(ctx)
				applied, err := b.Store.ChangeKeyring(ctx, c, mark)
				for _, s := range rows.Secrets {
					b.sql(`insert or ignore into secrets values (?, ?, ?)`, s.Name, s.Sealed, s.CreatedAt.UnixMicro())
				}
				return applied, err
			}
		}},
		{"the row goes", turned(func(b *broken, _ *tokens.KeyringChange, _ uint64, _ bool) {
			b.sql(`delete from signing_keys where killed_at is not null`)
		})},
		{"the feed hears nothing", turned(func(b *broken, c *tokens.KeyringChange, _ uint64, _ bool) {
			if len(c.Kill) > 0 {
				b.sql(`delete from kills`)
				b.sql(`update feed_head set seq = 0, mark = 0`)
			}
		})},
		{"the feed has the sha of something else", turned(func(b *broken, _ *tokens.KeyringChange, _ uint64, _ bool) {
			b.sql(`update kills set subject = zeroblob(12)`)
		})},
		{"the feed has it as a session", turned(func(b *broken, _ *tokens.KeyringChange, _ uint64, _ bool) {
			b.sql(`update kills set kind = 'sid'`)
		})},
		{"the feed hears of keys that never were", func(b *broken) {
			b.changeKeyring = func(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
				for _, kill := range c.Kill {
					b.sql(`insert or ignore into signing_keys values (?, ?, 'ES256', '', 0, null, null)`, kill.KID, time.Now().UnixNano())
				}
				applied, err := b.Store.ChangeKeyring(ctx, c, mark)
				b.sql(`delete from signing_keys where created_at = 0`)
				return applied, err
			}
		}},
		{"in the order of their names", wanting(func(c *tokens.KeyringChange) {
			slices.SortFunc(c.Kill, func(a, b tokens.KeyKill) int { return cmp.Compare(a.KID, b.KID) })
		})},
		{"dead since the first of them", wanting(func(c *tokens.KeyringChange) {
			for i := range c.Kill {
				c.Kill[i].At = c.Kill[0].At
			}
		})},
		{"it dies twice", func(b *broken) {
			b.changeKeyring = func(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
				for _, kill := range c.Kill {
					b.sql(`update signing_keys set killed_at = null where kid = ?`, kill.KID)
				}
				return b.Store.ChangeKeyring(ctx, c, mark)
			}
		}},
		{"another mark", func(b *broken) {
			b.changeKeyring = func(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
				return b.Store.ChangeKeyring(ctx, c, mark>>1)
			}
		}},
	},
	"sealing anew replaces what is sealed, and nothing else": {
		{"only the first", wanting(func(c *tokens.KeyringChange) { c.Reseal = c.Reseal[:min(1, len(c.Reseal))] })},
		{"with a new date", turned(func(b *broken, c *tokens.KeyringChange, _ uint64, _ bool) {
			for _, s := range c.Reseal {
				b.sql(`update secrets set created_at = created_at + 1 where name = ?`, s.Name)
			}
		})},
		{"what is not there is made", turned(func(b *broken, c *tokens.KeyringChange, _ uint64, _ bool) {
			for _, s := range c.Reseal {
				b.sql(`insert or ignore into secrets values (?, ?, 1)`, s.Name, s.Sealed)
			}
		})},
		{"all are sealed alike", turned(func(b *broken, c *tokens.KeyringChange, _ uint64, _ bool) {
			for _, s := range c.Reseal {
				b.sql(`update secrets set sealed = ?`, s.Sealed)
			}
		})},
	},
	"a secret that is dropped is gone, and its key stays": {
		{"it stays", wanting(func(c *tokens.KeyringChange) { c.DropSecrets = nil; c.Reseal = []tokens.SealedSecret{{Name: "-"}} })},
		{"only the first goes", wanting(func(c *tokens.KeyringChange) { c.DropSecrets = c.DropSecrets[:min(1, len(c.DropSecrets))] })},
		{"its key goes, too", turned(func(b *broken, c *tokens.KeyringChange, _ uint64, _ bool) {
			for _, name := range c.DropSecrets {
				b.sql(`delete from signing_keys where 'signing.' || kid = ?`, name)
			}
		})},
		{"its key is killed", turned(func(b *broken, c *tokens.KeyringChange, mark uint64, _ bool) {
			if len(c.DropSecrets) > 0 {
				_ = b.Store.AddKills(context.Background(), []revocation.Kill{revocation.KillKey("two")}, mark)
			}
		})},
	},
	"password hashes are read page by page, in the order of their users' ids": {
		{"each page backwards", func(b *broken) {
			b.passwordHashes = func(ctx context.Context, after auth.UserID, limit int) ([]string, auth.UserID, error) {
				hashes, last, err := b.Store.PasswordHashes(ctx, after, limit)
				slices.Reverse(hashes)
				return hashes, last, err
			}
		}},
		{"a page begins with the last of the one before", func(b *broken) {
			b.passwordHashes = func(ctx context.Context, after auth.UserID, limit int) ([]string, auth.UserID, error) {
				if after != (auth.UserID{}) {
					after[15]--
				}
				return b.Store.PasswordHashes(ctx, after, limit)
			}
		}},
		{"the last one is nobody's", func(b *broken) {
			b.passwordHashes = func(ctx context.Context, after auth.UserID, limit int) ([]string, auth.UserID, error) {
				hashes, _, err := b.Store.PasswordHashes(ctx, after, limit)
				return hashes, auth.UserID{}, err
			}
		}},
		{"a negative limit is none", func(b *broken) {
			b.passwordHashes = func(ctx context.Context, after auth.UserID, limit int) ([]string, auth.UserID, error) {
				if limit < 0 {
					limit = 100
				}
				return b.Store.PasswordHashes(ctx, after, limit)
			}
		}},
	},
	"the oldest session is the one that was opened first": {
		{"it is the newest", oldest(`select max(created_at) from sessions`)},
		{"it is now where there is none", oldest(`select coalesce(min(created_at), 1) from sessions`)},
		{"it is the first that was stored", oldest(`select max(created_at) from (select created_at from sessions order by rotated_at limit 1)`)},
	},
}

// oldest answers by another query, which may find nothing.
func oldest(query string) func(*broken) {
	return func(b *broken) {
		b.oldestSession = func(ctx context.Context) (time.Time, bool, error) {
			var at sql.NullInt64
			err := b.raw.QueryRowContext(ctx, query).Scan(&at)
			return time.UnixMicro(at.Int64).UTC(), at.Valid, err
		}
	}
}

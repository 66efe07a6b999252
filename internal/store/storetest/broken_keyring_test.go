package storetest

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

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

// added does more after something was added to the keyring.
func added(more func(b *broken, s []tokens.SealedSecret, k []tokens.PublishedKey)) func(*broken) {
	return func(b *broken) {
		b.addKeyring = func(ctx context.Context, s []tokens.SealedSecret, k []tokens.PublishedKey) error {
			err := b.Store.AddKeyring(ctx, s, k)
			more(b, s, k)
			return err
		}
	}
}

// overwriting lets the last one win.
var overwriting = added(func(b *broken, secrets []tokens.SealedSecret, keys []tokens.PublishedKey) {
	for _, s := range secrets {
		b.sql(`insert or replace into secrets values (?, ?, ?)`, s.Name, s.Sealed, s.CreatedAt.UnixMicro())
	}
	for _, k := range keys {
		b.sql(`insert or replace into signing_keys values (?, ?, ?, ?, ?, null, null)`,
			k.KID, k.Slot, k.Alg, k.PublicJWK, k.CreatedAt.UnixMicro())
	}
})

// orphans stores every secret whose name is free, whatever becomes of its key.
var orphans = added(func(b *broken, secrets []tokens.SealedSecret, _ []tokens.PublishedKey) {
	for _, s := range secrets {
		b.sql(`insert or ignore into secrets values (?, ?, ?)`, s.Name, s.Sealed, s.CreatedAt.UnixMicro())
	}
})

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
	"what the keyring has is never overwritten": {
		{"the last boot wins", overwriting},
		{"a key has two places", added(func(b *broken, _ []tokens.SealedSecret, keys []tokens.PublishedKey) {
			for _, k := range keys {
				b.sql(`update signing_keys set slot = ? where kid = ?`, k.Slot, k.KID)
			}
		})},
		{"a key's dates are the last boot's", added(func(b *broken, _ []tokens.SealedSecret, keys []tokens.PublishedKey) {
			for _, k := range keys {
				if !k.SignsFrom.IsZero() {
					b.sql(`update signing_keys set signs_from = ? where kid = ?`, k.SignsFrom.UnixMicro(), k.KID)
				}
			}
		})},
	},
	"a key that loses its slot leaves no secret behind": {
		{"an orphan secret", orphans},
		{"the loser takes its batch with it", func(b *broken) {
			b.addKeyring = func(ctx context.Context, s []tokens.SealedSecret, k []tokens.PublishedKey) error {
				rows, err := b.Store.LoadKeyring(ctx)
				for _, key := range rows.Keys {
					if slices.ContainsFunc(k, func(own tokens.PublishedKey) bool { return own.Slot == key.Slot }) {
						return err
					}
				}
				return b.Store.AddKeyring(ctx, s, k)
			}
		}},
		{"the loser is an error", func(b *broken) {
			b.addKeyring = func(ctx context.Context, s []tokens.SealedSecret, k []tokens.PublishedKey) error {
				if rows, err := b.Store.LoadKeyring(ctx); err != nil || len(rows.Keys) > 0 {
					return errDefect
				}
				return b.Store.AddKeyring(ctx, s, k)
			}
		}},
		{"a key without its secret", added(func(b *broken, _ []tokens.SealedSecret, _ []tokens.PublishedKey) {
			b.sql(`delete from secrets where name = 'signing.second'`)
		})},
	},
	"the keyring's version rises exactly when something was stored": {
		{"it never rises", added(func(b *broken, _ []tokens.SealedSecret, _ []tokens.PublishedKey) {
			b.sql(`update feed_head set keyring_version = 0`)
		})},
		{"it rises with every boot", added(func(b *broken, _ []tokens.SealedSecret, _ []tokens.PublishedKey) {
			b.sql(`update feed_head set keyring_version = keyring_version + 1`)
		})},
		{"it rises for keys alone", added(func(b *broken, _ []tokens.SealedSecret, keys []tokens.PublishedKey) {
			if len(keys) == 0 {
				b.sql(`update feed_head set keyring_version = max(keyring_version - 1, 0)`)
			}
		})},
		{"what is loaded has another version", rings(func(r *tokens.KeyringRows) { r.Version++ })},
		{"the feed moves with the keyring", added(func(b *broken, _ []tokens.SealedSecret, _ []tokens.PublishedKey) {
			b.sql(`update feed_head set seq = seq + 1`)
		})},
	},
	"instances that boot together end with one keyring": {
		{"the last one wins", overwriting},
		{"orphan secrets", orphans},
		{"each believes in its own", func(b *broken) {
			var own atomic.Pointer[[]tokens.SealedSecret]
			add := b.addKeyring
			b.addKeyring = func(ctx context.Context, s []tokens.SealedSecret, k []tokens.PublishedKey) error {
				own.Store(&s)
				return add(ctx, s, k)
			}
			rings(func(r *tokens.KeyringRows) {
				if s := own.Load(); s != nil {
					r.Secrets = *s
				}
			})(b)
		}},
		{"the loser is an error", func(b *broken) {
			b.addKeyring = func(ctx context.Context, s []tokens.SealedSecret, k []tokens.PublishedKey) error {
				err := b.Store.AddKeyring(ctx, s, k)
				if rows, _ := b.Store.LoadKeyring(ctx); err == nil && rows.Keys[0].KID != k[0].KID {
					err = errDefect
				}
				return err
			}
		}},
	},
	"a key whose secret is refused is not published": {
		{"the key is published without one", added(func(b *broken, _ []tokens.SealedSecret, keys []tokens.PublishedKey) {
			for _, k := range keys {
				b.sql(`insert or ignore into signing_keys values (?, ?, ?, ?, ?, null, null)`,
					k.KID, k.Slot, k.Alg, k.PublicJWK, k.CreatedAt.UnixMicro())
			}
		})},
		{"the secret is replaced by the key's", overwriting},
	},
	"nothing is added while there is no head whose version could say so": {
		{"it is added, and nobody hears of it", func(b *broken) {
			b.addKeyring = func(ctx context.Context, s []tokens.SealedSecret, k []tokens.PublishedKey) error {
				if err := b.Store.AddKeyring(ctx, s, k); err != nil {
					b.sql(`insert into secrets values (?, ?, ?)`, s[0].Name, s[0].Sealed, s[0].CreatedAt.UnixMicro())
				}
				return nil
			}
		}},
		{"the refusal is no error", func(b *broken) {
			b.addKeyring = func(ctx context.Context, s []tokens.SealedSecret, k []tokens.PublishedKey) error {
				_ = b.Store.AddKeyring(ctx, s, k)
				return nil
			}
		}},
		{"it has version 1", rings(func(r *tokens.KeyringRows) { r.Version = max(r.Version, 1) })},
		{"it has a keyring of its own", rings(func(r *tokens.KeyringRows) {
			r.Secrets = append(r.Secrets, tokens.SealedSecret{Name: "refresh.1"})
		})},
	},
}

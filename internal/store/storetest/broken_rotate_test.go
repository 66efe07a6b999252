package storetest

import (
	"context"
	"errors"
	"slices"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// rotations passes every batch through change before it is written.
func rotations(change func(b *broken, batch []tokens.Rotation) []tokens.Rotation) func(*broken) {
	return func(b *broken) {
		b.rotate = func(ctx context.Context, batch []tokens.Rotation) ([]auth.SessionID, error) {
			return b.Store.Rotate(ctx, change(b, slices.Clone(batch)))
		}
	}
}

// rotated does more after a batch was written, and may lie about it.
func rotated(more func(b *broken, batch []tokens.Rotation, written []auth.SessionID) []auth.SessionID) func(*broken) {
	return func(b *broken) {
		b.rotate = func(ctx context.Context, batch []tokens.Rotation) ([]auth.SessionID, error) {
			written, err := b.Store.Rotate(ctx, batch)
			if err != nil {
				return nil, err
			}
			return more(b, batch, written), nil
		}
	}
}

// each changes every rotation of every batch.
func each(change func(*tokens.Rotation)) func(*broken) {
	return rotations(func(_ *broken, batch []tokens.Rotation) []tokens.Rotation {
		for i := range batch {
			change(&batch[i])
		}
		return batch
	})
}

func allOf(batch []tokens.Rotation) []auth.SessionID {
	ids := make([]auth.SessionID, len(batch))
	for i, r := range batch {
		ids[i] = r.Session
	}
	return ids
}

// versions reads the row versions as they are, to be swapped whatever they were.
func (b *broken) versions(batch []tokens.Rotation) map[auth.SessionID]tokens.Session {
	rows, _, err := b.Store.LoadSessions(b.tb.Context(), allOf(batch))
	if err != nil {
		b.tb.Errorf("a defect's own load: %v", err)
	}
	now := make(map[auth.SessionID]tokens.Session)
	for _, row := range rows {
		now[row.ID] = row.Session
	}
	return now
}

var rotateDefects = map[string][]defect{
	"a rotation writes what it says and nothing else": {
		{"the nonce stays the old one", each(func(r *tokens.Rotation) { r.Nonce = [32]byte{1} })},
		{"the parent is not kept", each(func(r *tokens.Rotation) { r.PreviousHash = r.CurrentHash })},
		{"the secret version is not written", each(func(r *tokens.Rotation) { r.SecretVersion-- })},
		{"the generation stops at 31 bits", each(func(r *tokens.Rotation) { r.Generation &= 1<<31 - 1 })},
		{"the idle end does not move", each(func(r *tokens.Rotation) { r.IdleEndsAt = r.RotatedAt })},
		{"the row version stays", rotated(func(b *broken, batch []tokens.Rotation, written []auth.SessionID) []auth.SessionID {
			for _, r := range batch {
				b.sql(`update sessions set row_version = ? where session_id = ?`, r.Version, r.Session[:])
			}
			return written
		})},
		{"the absolute end moves too", rotated(func(b *broken, batch []tokens.Rotation, written []auth.SessionID) []auth.SessionID {
			for _, r := range batch {
				b.sql(`update sessions set ends_at = idle_ends_at + 1 where session_id = ?`, r.Session[:])
			}
			return written
		})},
		{"the time of the login moves too", rotated(func(b *broken, batch []tokens.Rotation, written []auth.SessionID) []auth.SessionID {
			for _, r := range batch {
				b.sql(`update sessions set created_at = rotated_at where session_id = ?`, r.Session[:])
			}
			return written
		})},
		{"the owner's version rises too", rotated(func(b *broken, _ []tokens.Rotation, written []auth.SessionID) []auth.SessionID {
			b.sql(`update users set row_version = row_version + 1`)
			return written
		})},
	},
	"a rotation wins only on the version that it was decided on": {
		{"lost update: the version is ignored", lostUpdate},
		{"double winner: the loser is told that it won", doubleWinner},
		{"a version from the future is fine", rotations(func(b *broken, batch []tokens.Rotation) []tokens.Rotation {
			now := b.versions(batch)
			for i, r := range batch {
				batch[i].Version = min(r.Version, now[r.Session].RowVersion)
			}
			return batch
		})},
		{"version 0 is no version", rotations(func(b *broken, batch []tokens.Rotation) []tokens.Rotation {
			now := b.versions(batch)
			for i, r := range batch {
				if r.Version == 0 {
					batch[i].Version = now[r.Session].RowVersion
				}
			}
			return batch
		})},
	},
	"a rotation shown again is not written again": {
		{"what is there already counts as written", rotated(func(b *broken, batch []tokens.Rotation, _ []auth.SessionID) []auth.SessionID {
			now := b.versions(batch)
			var same []auth.SessionID
			for _, r := range batch {
				if now[r.Session].CurrentHash == r.CurrentHash {
					same = append(same, r.Session)
				}
			}
			return same
		})},
		{"lost update", lostUpdate},
	},
	"one bad member of a batch harms no neighbour": {
		{"all or nothing", func(b *broken) {
			b.rotate = func(ctx context.Context, batch []tokens.Rotation) ([]auth.SessionID, error) {
				now := b.versions(batch)
				for _, r := range batch {
					if now[r.Session].RowVersion != r.Version {
						return nil, nil
					}
				}
				return b.Store.Rotate(ctx, batch)
			}
		}},
		{"the batch ends at the first bad member", rotations(func(b *broken, batch []tokens.Rotation) []tokens.Rotation {
			now := b.versions(batch)
			for i, r := range batch {
				if now[r.Session].RowVersion != r.Version {
					return batch[:i]
				}
			}
			return batch
		})},
		{"an unknown session is an error", func(b *broken) {
			b.rotate = func(ctx context.Context, batch []tokens.Rotation) ([]auth.SessionID, error) {
				if len(b.versions(batch)) < len(batch) {
					return nil, errors.New("no such session")
				}
				return b.Store.Rotate(ctx, batch)
			}
		}},
		{"double winner", doubleWinner},
		{"lost update", lostUpdate},
	},
	"a full batch is written as a small one is": {
		{"a hundred rotations at most", rotations(func(_ *broken, batch []tokens.Rotation) []tokens.Rotation {
			return batch[:min(100, len(batch))]
		})},
		{"a hundred deaths at most", deaths(func(_ *broken, batch []tokens.Death) []tokens.Death {
			return batch[:min(100, len(batch))]
		})},
	},
	"a batch may come in any order, and every member gets its own values": {
		{"a batch of one is forgotten", rotations(func(_ *broken, batch []tokens.Rotation) []tokens.Rotation {
			if len(batch) == 1 {
				return nil
			}
			return batch
		})},
		{"the caller's batch is sorted in place", func(b *broken) {
			b.rotate = func(ctx context.Context, batch []tokens.Rotation) ([]auth.SessionID, error) {
				slices.SortFunc(batch, func(a, b tokens.Rotation) int { return slices.Compare(a.Session[:], b.Session[:]) })
				return b.Store.Rotate(ctx, batch)
			}
		}},
		{"members must be sorted", rotations(func(_ *broken, batch []tokens.Rotation) []tokens.Rotation {
			for i := 1; i < len(batch); i++ {
				if slices.Compare(batch[i-1].Session[:], batch[i].Session[:]) > 0 {
					return batch[:i]
				}
			}
			return batch
		})},
		{"the ids are sorted and the values are not", rotations(func(_ *broken, batch []tokens.Rotation) []tokens.Rotation {
			order := sorted(allOf(batch))
			versions := make(map[auth.SessionID]int64)
			for _, r := range batch {
				versions[r.Session] = r.Version
			}
			for i, id := range order {
				batch[i].Session, batch[i].Version = id, versions[id]
			}
			return batch
		})},
	},
	"a rotation decided before the end does not win after it": {
		{"an end leaves the row version alone", untilEnd},
		{"the version is ignored", lostUpdate},
		{"the loser is told that it won", doubleWinner},
	},
	"an empty batch is no work": {
		{"no rotations are an error", func(b *broken) {
			b.rotate = func(ctx context.Context, batch []tokens.Rotation) ([]auth.SessionID, error) {
				if len(batch) == 0 {
					return nil, errors.New("syntax error")
				}
				return b.Store.Rotate(ctx, batch)
			}
		}},
		{"no deaths draw a mark", func(b *broken) {
			b.end = func(ctx context.Context, deaths []tokens.Death, mark uint64) ([]tokens.Ended, error) {
				b.sql(`update feed_head set mark = ?`, int64(mark))
				return b.Store.End(ctx, deaths, mark)
			}
		}},
		{"no secrets raise the keyring's version", func(b *broken) {
			b.changeKeyring = func(ctx context.Context, c tokens.KeyringChange, mark uint64) (bool, error) {
				b.sql(`update feed_head set keyring_version = keyring_version + 1`)
				return b.Store.ChangeKeyring(ctx, c, mark)
			}
		}},
	},
}

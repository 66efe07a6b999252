package storetest

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// lostUpdate overwrites whatever is there, however often it changes meanwhile.
func lostUpdate(b *broken) {
	b.rotate = func(ctx context.Context, batch []tokens.Rotation) (written []auth.SessionID, err error) {
		for left := slices.Clone(batch); len(left) > 0 && err == nil; {
			now := b.versions(left)
			left = slices.DeleteFunc(left, func(r tokens.Rotation) bool { return now[r.Session].ID.IsZero() })
			for i, r := range left {
				left[i].Version = now[r.Session].RowVersion
			}
			var ids []auth.SessionID
			ids, err = b.Store.Rotate(ctx, left)
			written = append(written, ids...)
			left = slices.DeleteFunc(left, func(r tokens.Rotation) bool { return slices.Contains(ids, r.Session) })
		}
		return written, err
	}
}

// doubleWinner says of everything that it was written.
var doubleWinner = rotated(func(_ *broken, batch []tokens.Rotation, _ []auth.SessionID) []auth.SessionID { return allOf(batch) })

// checkThenWrite compares the versions first and writes later, which is right for one client at a time.
func checkThenWrite(b *broken) {
	meet := meeting()
	b.rotate = func(ctx context.Context, batch []tokens.Rotation) (written []auth.SessionID, err error) {
		before := b.versions(batch)
		meet()
		for _, r := range batch {
			if before[r.Session].RowVersion != r.Version {
				continue
			}
			for ids := written[:0:0]; len(ids) == 0 && err == nil; written = append(written, ids...) {
				r.Version = b.versions([]tokens.Rotation{r})[r.Session].RowVersion
				ids, err = b.Store.Rotate(ctx, []tokens.Rotation{r})
			}
		}
		return written, err
	}
}

// meeting returns what makes the first who comes wait for the second, so that a race which is possible
// happens.
func meeting() (meet func()) {
	var arrivals atomic.Int32
	second := make(chan struct{})
	return func() {
		switch arrivals.Add(1) {
		case 1:
			select {
			case <-second:
			case <-time.After(10 * time.Second): // nobody else came
			}
		case 2:
			close(second)
		}
	}
}

// untilEnd forgets that a row was ended since the rotation was decided.
var untilEnd = rotations(func(b *broken, batch []tokens.Rotation) []tokens.Rotation {
	now := b.versions(batch)
	for i, r := range batch {
		if s := now[r.Session]; !s.EndedAt.IsZero() {
			batch[i].Version = s.RowVersion
		}
	}
	return batch
})

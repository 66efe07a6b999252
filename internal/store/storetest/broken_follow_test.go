package storetest

import (
	"context"

	"github.com/authd/authd/internal/revocation"
)

// followed passes what Follow read through change.
func followed(change func(r *revocation.Reading)) func(*broken) {
	return func(b *broken) {
		b.follow = func(ctx context.Context, after int64, limit int) (revocation.Reading, error) {
			r, err := b.Store.Follow(ctx, after, limit)
			if err == nil {
				change(&r)
			}
			return r, err
		}
	}
}

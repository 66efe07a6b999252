package accounts

import (
	"context"
	"errors"
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/password"
)

// patience is how long a password may wait for its turn to be hashed. Who would wait longer is told at
// once to come back: a client that has given up must not cost a hash.
const patience = 10 * time.Second

// storeTime is how long a write may take in all.
const storeTime = 5 * time.Second

// detached is for writes. Who hangs up does not leave the outcome to chance, and a store that does not
// answer does not keep the request for ever.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), storeTime)
}

func (a *Accounts) verify(ctx context.Context, attempt password.Attempt) (password.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	result, err := a.Hasher.Verify(ctx, attempt)
	return result, unavailable(err)
}

func (a *Accounts) hash(ctx context.Context, typed string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	hash, err := a.Hasher.Hash(ctx, typed)
	return hash, unavailable(err)
}

// raiseCost comes before a new hash is stored: from the moment it is, a login of nobody must cost as much.
func (a *Accounts) raiseCost(ctx context.Context) error {
	ctx, cancel := detached(ctx)
	defer cancel()
	return a.Store.RaiseGreatestCost(ctx, a.Cost)
}

// unavailable turns what keeps the hasher from hashing into what a client may hear.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	answer := auth.ErrUnavailable.Because(err)
	var busy *password.BusyError
	if errors.As(err, &busy) {
		answer.RetryAfter = max(busy.RetryAfter, time.Second)
	}
	return answer
}

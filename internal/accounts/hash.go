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

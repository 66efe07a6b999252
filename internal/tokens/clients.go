package tokens

import (
	"context"
	"errors"

	"github.com/authd/authd/internal/auth"
)

// RevokeClient kills every token that a client was given, and that it could be given for a secret which was
// proven before. The client itself stays: what it asks for next is alive. [ErrClientNotFound].
func (s *Sessions) RevokeClient(ctx context.Context, id auth.ClientID) error {
	return s.endClient(ctx, id, s.store.RaiseClient)
}

// DeleteClient is RevokeClient, and the client is gone.
func (s *Sessions) DeleteClient(ctx context.Context, id auth.ClientID) error {
	return s.endClient(ctx, id, s.store.DeleteClient)
}

func (s *Sessions) endClient(ctx context.Context, id auth.ClientID, end func(context.Context, auth.ClientID, uint64) (bool, error)) error {
	ctx, cancel := detached(ctx)
	defer cancel()
	mark, err := s.newMark()
	if err != nil {
		return err
	}
	for range maxAttempts {
		found, err := end(ctx, id, mark)
		switch {
		case errors.Is(err, ErrWriteConflict):
			continue
		case err != nil:
			return err
		case !found:
			return ErrClientNotFound
		}
		s.live.Sync(ctx)
		return nil
	}
	return errBusy
}

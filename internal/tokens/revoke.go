package tokens

import (
	"context"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// ReplacePassword stores an opaque hash as a user's and ends every session that the old one opened, by
// raising the epoch in the same transaction. found is false if there is no such user.
func (s *Sessions) ReplacePassword(ctx context.Context, id auth.UserID, hash string, from Origin) (found bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	mark, err := s.newMark()
	if err != nil {
		return false, err
	}
	for range 2 * maxAttempts {
		user, _, clock, found, err := s.store.LoadUser(ctx, id)
		if err != nil || !found {
			return found, err
		}
		change := UserChange{User: id, Version: user.RowVersion, PasswordHash: hash, RaiseEpoch: true}
		applied, err := s.changeUser(ctx, change, mark)
		if err != nil {
			return true, err
		}
		if applied {
			e := audit.Event{At: clock, Actor: from.Actor, User: id, Address: from.Address, UserAgent: from.UserAgent}
			e.Name = audit.PasswordSet
			s.record(ctx, e)
			e.Name, e.Reason = audit.SessionsEnded, audit.PasswordChange
			s.record(ctx, e)
			return true, nil
		}
	}
	return true, errBusy
}

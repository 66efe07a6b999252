package accounts

import (
	"context"
	"errors"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// Delete removes a user with everything that belongs to the account, on an operator's word. The epoch is
// raised in the same transaction, and its kill outlives the row: tokens that are out are dead everywhere.
func (a *Accounts) Delete(ctx context.Context, id auth.UserID, from tokens.Origin) error {
	return a.remove(ctx, id, from, func(*tokens.Moment) (auth.SessionID, error) { return auth.SessionID{}, nil })
}

// DeleteOwn removes the account of a signed-in user who knows the password. tokens.ErrTokenInvalid,
// [ErrPasswordWrong], [ErrTooManyAttempts].
func (a *Accounts) DeleteOwn(ctx context.Context, holder tokens.Principal, typed string, from tokens.Origin) error {
	who, err := a.holder(ctx, holder)
	if err != nil {
		return err
	}
	if err := a.prove(ctx, who, typed, from); err != nil {
		return err
	}
	err = a.remove(ctx, holder.User, from, func(m *tokens.Moment) (auth.SessionID, error) {
		return holder.Session, m.Holds(holder.Session)
	})
	if errors.Is(err, ErrUserNotFound) {
		return tokens.ErrTokenInvalid.Because(err)
	}
	return err
}

func (a *Accounts) remove(ctx context.Context, id auth.UserID, from tokens.Origin, allow func(*tokens.Moment) (auth.SessionID, error)) error {
	from.Address, from.UserAgent = tokens.Origin{}.Address, "" // of a user who is gone they are not kept
	return a.Sessions.Change(ctx, id, tokens.Deed{Name: audit.UserDeleted, Reason: audit.Deleted, Origin: from,
		Decide: func(m *tokens.Moment) (change tokens.UserChange, _ bool, err error) {
			if change.Guard, err = allow(m); err != nil {
				return change, false, err
			}
			change.RaiseEpoch, change.Delete = true, true
			return change, true, nil
		}})
}

package accounts

import (
	"context"
	"fmt"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// Register makes a user for whoever asks. [ErrRegistrationClosed], [ErrUsernameInvalid],
// [ErrWeakPassword] with reasons, [ErrUsernameTaken], [ErrTooManyAttempts].
//
// It tells who has an account, as every open registration does: the answer to that is to close it.
func (a *Accounts) Register(ctx context.Context, username, typed string, from tokens.Origin) (User, error) {
	if a.Closed {
		return User{}, ErrRegistrationClosed
	}
	// What cannot be a name asks nothing of anybody. All else does: it tells who has an account, and costs a
	// hash.
	if _, err := MapUsername(username); err != nil {
		return User{}, err
	}
	if err := a.countAtSource(ctx, from); err != nil {
		return User{}, err
	}
	return a.create(ctx, audit.UserRegistered, username, typed, nil, from)
}

// Create makes a user for an operator. [ErrRolesInvalid], and what [Accounts.Register] refuses.
func (a *Accounts) Create(ctx context.Context, username, typed string, from tokens.Origin, roles ...string) (User, error) {
	if !validRoles(roles) {
		return User{}, ErrRolesInvalid
	}
	return a.create(ctx, audit.UserCreated, username, typed, roles, from)
}

func (a *Accounts) create(ctx context.Context, name audit.Name, username, typed string, roles []string, from tokens.Origin) (User, error) {
	mapped, err := MapUsername(username)
	if err != nil {
		return User{}, err
	}
	// Before the hash, which costs more than all the rest; the unique index decides races.
	if _, taken, err := a.Store.UserByName(ctx, mapped); err != nil {
		return User{}, err
	} else if taken {
		return User{}, ErrUsernameTaken
	}
	hash, err := a.newHash(ctx, typed, mapped, "/password")
	if err != nil {
		return User{}, err
	}
	id, err := auth.NewUserID(a.Now(), a.Random)
	if err != nil {
		return User{}, fmt.Errorf("make a user id: %w", err)
	}
	user := User{ID: id, Username: mapped, Roles: roles}
	ctx, cancel := detached(ctx)
	defer cancel()
	user.CreatedAt, err = a.Store.CreateUser(ctx, user, hash)
	if err != nil {
		return User{}, err
	}
	a.Record(ctx, audit.Event{At: user.CreatedAt, Name: name, Actor: from.Actor, User: id, Address: from.Address, UserAgent: from.UserAgent})
	return user, nil
}

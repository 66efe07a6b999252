package accounts

import (
	"context"
	"errors"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/password"
	"github.com/authd/authd/internal/tokens"
)

// Login is somebody's claim to be a user.
type Login struct {
	Username string // as typed
	Password string // as typed
	Origin   tokens.Origin
}

// Login opens a session for who knows the password. [ErrInvalidCredentials] for every other cause, at
// the same cost: names that nobody can have, users that do not exist or are disabled, and passwords
// that are wrong or not even text. [ErrTooManyAttempts] for all of them alike, and then nothing is compared.
func (a *Accounts) Login(ctx context.Context, login Login) (tokens.Pair, error) {
	// A name that cannot be mapped is looked up all the same, as one that nobody has.
	name, _ := MapUsername(login.Username)
	who, greatest, found, err := a.Store.CredentialsByName(ctx, name)
	if err != nil {
		return tokens.Pair{}, err
	}
	p, err := a.enter(ctx, guess{name: name, text: login.Username, user: who.ID, from: login.Origin.Address}, login.Origin)
	if err != nil {
		return tokens.Pair{}, err
	}
	defer func() { _ = p.settle(ctx, unheard) }()
	result, err := a.verify(ctx, password.Attempt{
		Stored: who.PasswordHash, Typed: login.Password, Ceiling: greatest, Refuse: !found || !who.DisabledAt.IsZero(),
	})
	if err != nil {
		return tokens.Pair{}, err
	}
	if !result.Match {
		return tokens.Pair{}, a.refuseLogin(ctx, p, who, found, login.Origin)
	}
	opening := tokens.Opening{User: who.ID, Epoch: who.Epoch, Version: who.RowVersion, Origin: login.Origin}
	if result.Rehash {
		if opening.PasswordHash, err = a.rehash(ctx, login.Password, greatest); err != nil {
			return tokens.Pair{}, err
		}
	}
	pair, err := a.Sessions.Open(ctx, opening)
	if errors.Is(err, tokens.ErrUserChanged) {
		return tokens.Pair{}, a.refuseLogin(ctx, p, who, found, login.Origin)
	}
	_ = p.settle(ctx, right) // whoever is in is in; failures that stay count against the next attempt
	return pair, err
}

// refuseLogin counts a failure and answers it.
func (a *Accounts) refuseLogin(ctx context.Context, p *pass, who Credentials, found bool, from tokens.Origin) error {
	if err := p.settle(ctx, wrong); err != nil {
		return err
	}
	a.recordFailure(ctx, who, found, from)
	return ErrInvalidCredentials
}

// rehash makes a hash of today's scheme and cost for a password that was just proven. It is not held
// to the policy: a rule that got stricter must not lock anybody out. It is empty if the hasher has no
// time: the next login is as good an occasion.
func (a *Accounts) rehash(ctx context.Context, typed string, greatest int) (string, error) {
	hash, err := a.hash(ctx, typed)
	if err != nil || greatest >= a.Cost {
		return hash, nil
	}
	return hash, a.raiseCost(ctx)
}

// recordFailure never records what was typed as a name: it may be a password in the wrong field.
func (a *Accounts) recordFailure(ctx context.Context, who Credentials, found bool, from tokens.Origin) {
	event := audit.Event{Name: audit.LoginFailed, Address: from.Address, UserAgent: from.UserAgent}
	if found {
		event.User = who.ID
	}
	a.Record(ctx, event)
}

package accounts

import (
	"context"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/password"
	"github.com/authd/authd/internal/tokens"
)

// PasswordChange is a signed-in user's wish for another password.
type PasswordChange struct {
	Holder  tokens.Principal
	Current string // as typed
	New     string // as typed
	Origin  tokens.Origin
}

// ChangePassword sets a new password for who knows the current one, ends every session and opens a new
// one. tokens.ErrTokenInvalid, [ErrWeakPassword] with reasons, [ErrPasswordWrong],
// [ErrTooManyAttempts].
//
// The session's row is asked before the password: a stolen token that was killed a moment ago must not
// be good for guessing.
func (a *Accounts) ChangePassword(ctx context.Context, change PasswordChange) (tokens.Pair, error) {
	who, err := a.holder(ctx, change.Holder)
	if err != nil {
		return tokens.Pair{}, err
	}
	// Before the comparison, because it costs nothing, and then what is wrong with the form is said at once.
	normalised, err := a.check(change.New, who.Username, "/new_password")
	if err != nil {
		return tokens.Pair{}, err
	}
	if err := a.prove(ctx, who, change.Current, change.Origin); err != nil {
		return tokens.Pair{}, err
	}
	hash, err := a.hashNew(ctx, normalised)
	if err != nil {
		return tokens.Pair{}, err
	}
	return a.Sessions.ChangePassword(ctx, tokens.PasswordChange{Holder: change.Holder, Hash: hash, Origin: change.Origin})
}

// SetPassword gives a user a new password on an operator's word, and ends all sessions.
func (a *Accounts) SetPassword(ctx context.Context, user User, typed string, from tokens.Origin) error {
	_, err := a.Change(ctx, user.ID, Change{Password: &typed}, from)
	return err
}

// proof is a user's credentials, with what a comparison of nobody would cost.
type proof struct {
	Credentials
	greatest int
}

// holder reads the credentials of a user whose session is live by its row.
func (a *Accounts) holder(ctx context.Context, holder tokens.Principal) (proof, error) {
	if err := a.Sessions.Check(ctx, holder); err != nil {
		return proof{}, err
	}
	c, greatest, found, err := a.Store.CredentialsByID(ctx, holder.User)
	if err == nil && !found {
		err = tokens.ErrTokenInvalid // deleted since: the token died with the account
	}
	return proof{c, greatest}, err
}

// prove compares what was typed, at the cost of a login and under the limits of one: [ErrPasswordWrong],
// [ErrTooManyAttempts]. A stolen access token must not be good for more guesses than a name is.
func (a *Accounts) prove(ctx context.Context, who proof, typed string, from tokens.Origin) error {
	p, err := a.enter(ctx, guess{name: who.Username, user: who.ID, from: from.Address}, from)
	if err != nil {
		return err
	}
	defer func() { _ = p.settle(ctx, unheard) }()
	result, err := a.verify(ctx, password.Attempt{
		Stored: who.PasswordHash, Typed: typed, Ceiling: who.greatest, Refuse: !who.DisabledAt.IsZero(),
	})
	if err != nil {
		return err
	}
	if !result.Match {
		if err := p.settle(ctx, wrong); err != nil {
			return err
		}
		a.Record(ctx, audit.Event{Name: audit.PasswordRefused, Actor: from.Actor, User: who.ID, Address: from.Address, UserAgent: from.UserAgent})
		return ErrPasswordWrong
	}
	_ = p.settle(ctx, right) // failures that stay count against the next attempt
	return nil
}

// newHash checks a new password of a user and hashes it. pointer names the member that holds it.
func (a *Accounts) newHash(ctx context.Context, typed, username, pointer string) (string, error) {
	normalised, err := a.check(typed, username, pointer)
	if err != nil {
		return "", err
	}
	return a.hashNew(ctx, normalised)
}

// check holds a new password to the policy: [ErrWeakPassword] with reasons.
func (a *Accounts) check(typed, username, pointer string) (normalised string, err error) {
	normalised, reasons := a.Policy.Check(typed, username)
	if len(reasons) == 0 {
		return normalised, nil
	}
	weak := *ErrWeakPassword
	weak.Reasons, weak.Pointer = reasons, pointer
	return "", &weak
}

func (a *Accounts) hashNew(ctx context.Context, normalised string) (string, error) {
	hash, err := a.hash(ctx, normalised)
	if err != nil {
		return "", err
	}
	return hash, a.raiseCost(ctx)
}

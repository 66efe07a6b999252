package accounts

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/password"
	"github.com/authd/authd/internal/tokens"
)

// Sessions is what accounts asks of package tokens.
type Sessions interface {
	// Open opens a session for a user whose password was proven. tokens.ErrUserChanged: the user is not
	// the one any more whose password that was.
	Open(ctx context.Context, opening tokens.Opening) (tokens.Pair, error)
	// Change does a deed to a user. tokens.ErrUserNotFound if there is no such user.
	Change(ctx context.Context, user auth.UserID, deed tokens.Deed) error
	// ChangePassword stores a hash, ends every session of the holder and opens a new one.
	// tokens.ErrTokenInvalid: the holder's session is over.
	ChangePassword(ctx context.Context, change tokens.PasswordChange) (tokens.Pair, error)
	// RevokeClient kills every token of a client, DeleteClient the client too. tokens.ErrClientNotFound.
	RevokeClient(ctx context.Context, id auth.ClientID) error
	DeleteClient(ctx context.Context, id auth.ClientID) error
	// Check asks the row of the holder's session. tokens.ErrTokenInvalid: it is over.
	Check(ctx context.Context, holder tokens.Principal) error
}

// Hasher is what accounts asks of package password. Errors mean that nothing was compared or hashed.
type Hasher interface {
	Hash(ctx context.Context, password string) (string, error)
	Verify(ctx context.Context, attempt password.Attempt) (password.Result, error)
}

// Config is what [New] needs. Nothing has a default but what says so.
type Config struct {
	Store    Store
	Sessions Sessions
	Hasher   Hasher
	Policy   password.Policy
	Cost     int              // that of the Hasher's new hashes
	Closed   bool             // nobody registers; operators still make users
	Now      func() time.Time // for ids
	Random   io.Reader        // for ids; safe for concurrent use
	Record   audit.Sink       // nil: [audit.Discard]

	Limits     Limits                 // of failures
	CounterKey func() ([]byte, error) // under which counters are named; needed to limit anything, and to unlock
}

// Accounts signs users up and in, and changes and removes them; and so with machine clients.
type Accounts struct {
	Config
	stamp *audit.Stamp
	gate  *gate
}

// New checks the configuration and starts nothing.
func New(c Config) (*Accounts, error) {
	if c.Store == nil || c.Sessions == nil || c.Hasher == nil || c.Cost == 0 || c.Now == nil || c.Random == nil {
		return nil, errors.New("accounts: a store, sessions, a hasher and its cost, a clock and randomness are needed")
	}
	if c.Record == nil {
		c.Record = audit.Discard
	}
	if c.Limits != (Limits{}) && c.CounterKey == nil {
		return nil, errors.New("accounts: limits need a key for their counters")
	}
	g := &gate{limits: c.Limits, store: c.Store, key: c.CounterKey, now: c.Now, turnstiles: make(map[CounterKey]*turnstile)}
	return &Accounts{c, audit.NewStamp(c.Now, c.Random), g}, nil
}

// User returns one user. [ErrUserNotFound] if there is none.
func (a *Accounts) User(ctx context.Context, id auth.UserID) (User, error) {
	user, found, err := a.Store.UserByID(ctx, id)
	if err == nil && !found {
		err = ErrUserNotFound
	}
	return user, err
}

// Find returns the user of a name as typed, or of an id in either form. [ErrUserNotFound] if there is
// none, [ErrUserAmbiguous] if there are two: who takes somebody else's id for a name must not be handed
// that one's reset token, nor be spared by a command that was meant for him.
func (a *Accounts) Find(ctx context.Context, nameOrID string) (User, error) {
	named, err := a.FindByName(ctx, nameOrID)
	if err != nil && !errors.Is(err, ErrUserNotFound) {
		return User{}, err
	}
	id, notID := auth.ParseUserID(nameOrID)
	if notID != nil {
		return named, err
	}
	user, unknown := a.User(ctx, id)
	switch {
	case errors.Is(unknown, ErrUserNotFound):
		return named, err
	case unknown == nil && err == nil && named.Username == nameOrID && named.ID != id:
		return User{}, ErrUserAmbiguous
	}
	return user, unknown
}

// FindByName returns the user of a name as typed. [ErrUserNotFound] if there is none.
func (a *Accounts) FindByName(ctx context.Context, username string) (User, error) {
	name, err := MapUsername(username)
	if err != nil {
		return User{}, ErrUserNotFound
	}
	user, found, err := a.Store.UserByName(ctx, name)
	if err == nil && !found {
		err = ErrUserNotFound
	}
	return user, err
}

// List returns at most limit users by name, those after the given name. Empty: from the first.
func (a *Accounts) List(ctx context.Context, after string, limit int) ([]User, error) {
	return a.Store.Users(ctx, after, limit)
}

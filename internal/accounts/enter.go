package accounts

import (
	"context"
	"errors"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// enter takes an attempt through the gate, and records it if it is refused.
func (a *Accounts) enter(ctx context.Context, who guess, from tokens.Origin) (*pass, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	p, err := a.gate.enter(ctx, who)
	if err != nil {
		a.recordThrottled(ctx, who.user, from, err)
	}
	return p, err
}

// countAtSource counts what is no comparison, and records it if it is refused.
func (a *Accounts) countAtSource(ctx context.Context, from tokens.Origin) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := a.gate.count(ctx, from.Address)
	if err != nil {
		a.recordThrottled(ctx, auth.UserID{}, from, err)
	}
	return err
}

// recordThrottled never records what was typed as a name, as recordFailure does not.
func (a *Accounts) recordThrottled(ctx context.Context, user auth.UserID, from tokens.Origin, err error) {
	var refused *auth.Error
	if !errors.As(err, &refused) || refused.Kind != auth.Throttled {
		return
	}
	a.Record(ctx, audit.Event{Name: audit.LoginThrottled, Reason: audit.Reason(refused.Limit.Name), Actor: from.Actor,
		User: user, Address: from.Address, UserAgent: from.UserAgent})
}

// Unlock forgets the failures of an account, at all addresses, and reports whether there were any. Those of
// a source are nobody's in particular, and drain away in a minute.
func (a *Accounts) Unlock(ctx context.Context, user User, from tokens.Origin) (unlocked bool, err error) {
	key, err := a.CounterKey()
	if err != nil {
		return false, err
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	who := guess{name: user.Username}
	cleared, err := a.Store.ClearCounters(ctx, who.account(key))
	if err != nil || cleared == 0 {
		return false, err
	}
	a.Record(ctx, audit.Event{Name: audit.UserUnlocked, Actor: from.Actor, User: user.ID})
	return true, nil
}

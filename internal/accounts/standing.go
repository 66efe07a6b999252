package accounts

import (
	"context"
	"slices"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// Change is what an operator changes of a user. Members that are nil stay as they are.
type Change struct {
	Disabled *bool
	Roles    *[]string
	Password *string // as typed
}

// Change applies all of change in one transaction, or nothing, and returns the user as changed.
// [ErrRolesInvalid], [ErrWeakPassword] with reasons.
//
// Disabling ends every session, and enabling brings none of them back: the epoch stays raised (C8). So
// does a new password. Of roles, tokens that are out keep theirs until they expire, and the next refresh
// shows the new ones. What is so already is left alone.
func (a *Accounts) Change(ctx context.Context, id auth.UserID, change Change, from tokens.Origin) (User, error) {
	if change.Roles != nil && !validRoles(*change.Roles) {
		return User{}, ErrRolesInvalid
	}
	hash := ""
	if change.Password != nil {
		user, err := a.User(ctx, id)
		if err != nil {
			return User{}, err
		}
		if hash, err = a.newHash(ctx, *change.Password, user.Username, "/password"); err != nil {
			return User{}, err
		}
	}
	if err := a.Sessions.Change(ctx, id, tokens.Deed{Decide: change.decide(hash), Told: told, Origin: from}); err != nil {
		return User{}, err
	}
	return a.User(ctx, id)
}

// decide says what is left to do for a user to be as c wants; hash is that of its password.
func (c Change) decide(hash string) func(*tokens.Moment) (tokens.UserChange, bool, error) {
	return func(m *tokens.Moment) (do tokens.UserChange, needed bool, err error) {
		if c.Disabled != nil && *c.Disabled == m.User.DisabledAt.IsZero() {
			var at time.Time
			if *c.Disabled {
				at, do.RaiseEpoch = m.Clock, true
			}
			do.DisabledAt, needed = &at, true
		}
		if c.Roles != nil && !slices.Equal(m.User.Roles, *c.Roles) {
			do.Roles, needed = c.Roles, true
		}
		if hash != "" {
			do.PasswordHash, do.RaiseEpoch, needed = hash, true, true
		}
		return do, needed, nil
	}
}

// told names what a change amounts to and, if everything ended by it, why.
func told(done tokens.UserChange) (names []audit.Name, reason audit.Reason) {
	reason = audit.PasswordChange
	switch {
	case done.DisabledAt == nil:
	case done.DisabledAt.IsZero():
		names = append(names, audit.UserEnabled)
	default:
		names, reason = append(names, audit.UserDisabled), audit.Disabled
	}
	if done.Roles != nil {
		names = append(names, audit.RolesSet)
	}
	if done.PasswordHash != "" {
		names = append(names, audit.PasswordSet)
	}
	return names, reason
}

// SetDisabled takes from a user, or gives back, the right to sign in.
func (a *Accounts) SetDisabled(ctx context.Context, id auth.UserID, disabled bool, from tokens.Origin) error {
	_, err := a.Change(ctx, id, Change{Disabled: &disabled}, from)
	return err
}

// Revoke ends everything of a user, and nothing else: who knows the password may sign in again.
func (a *Accounts) Revoke(ctx context.Context, id auth.UserID, from tokens.Origin) error {
	return a.Sessions.Change(ctx, id, tokens.Deed{Name: audit.UserRevoked, Reason: audit.Revoked, Origin: from,
		Decide: func(*tokens.Moment) (tokens.UserChange, bool, error) {
			return tokens.UserChange{RaiseEpoch: true}, true, nil
		}})
}

const (
	maxRoles = 32
	maxRole  = 64
)

// validRoles bounds what every token of a user carries. The letters are those of an OAuth scope
// (RFC 6749, section 3.3), so that a role can stand wherever a scope can.
func validRoles(roles []string) bool {
	if len(roles) > maxRoles {
		return false
	}
	seen := make(map[string]bool, len(roles))
	for _, role := range roles {
		if role == "" || len(role) > maxRole || seen[role] {
			return false
		}
		for _, c := range []byte(role) {
			if c <= ' ' || c > '~' || c == '"' || c == '\\' {
				return false
			}
		}
		seen[role] = true
	}
	return true
}

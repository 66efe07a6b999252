package accounts

import (
	"context"
	"slices"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// SetDisabled takes from a user, or gives back, the right to sign in. Disabling ends every session, and
// enabling brings none of them back: the epoch stays raised (C8). A user who is so already is left alone.
func (a *Accounts) SetDisabled(ctx context.Context, id auth.UserID, disabled bool, from tokens.Origin) error {
	deed := tokens.Deed{Name: audit.UserEnabled, Origin: from}
	if disabled {
		deed.Name, deed.Reason = audit.UserDisabled, audit.Disabled
	}
	deed.Decide = func(m *tokens.Moment) (change tokens.UserChange, needed bool, err error) {
		if disabled == !m.User.DisabledAt.IsZero() {
			return change, false, nil
		}
		var at time.Time
		if disabled {
			at, change.RaiseEpoch = m.Clock, true
		}
		change.DisabledAt = &at
		return change, true, nil
	}
	return a.Sessions.Change(ctx, id, deed)
}

// SetRoles replaces a user's roles. Tokens that are out keep theirs until they expire; the next refresh
// shows the new ones. [ErrRolesInvalid].
func (a *Accounts) SetRoles(ctx context.Context, id auth.UserID, roles []string, from tokens.Origin) error {
	if !validRoles(roles) {
		return ErrRolesInvalid
	}
	return a.Sessions.Change(ctx, id, tokens.Deed{Name: audit.RolesSet, Origin: from,
		Decide: func(m *tokens.Moment) (tokens.UserChange, bool, error) {
			return tokens.UserChange{Roles: &roles}, !slices.Equal(m.User.Roles, roles), nil
		}})
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

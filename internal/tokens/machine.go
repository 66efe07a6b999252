package tokens

import (
	"context"
	"strings"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// Machine is a client that has just proved its secret, with what its token shall say.
type Machine struct {
	ID       auth.ClientID
	Epoch    auth.Epoch // read in the same row as the secret's hash
	ProvenAt time.Time  // the store's clock of that reading
	Scopes   []string
	Audience []string // none: this service's own
	Origin   Origin
}

// MintForClient signs an access token for a machine. It has no session, so nothing refreshes it and no
// logout ends it: it dies with its time, by its jti, or when its client's epoch is raised.
func (s *Sessions) MintForClient(ctx context.Context, m Machine) (token string, lifetime time.Duration, err error) {
	clock := m.ProvenAt
	c := claims{
		Subject:  m.ID.String(),
		Audience: m.Audience,
		Client:   m.ID.String(),
		Epoch:    int64(m.Epoch),
		Scope:    strings.Join(m.Scopes, " "),
	}
	if len(c.Audience) == 0 {
		c.Audience = s.audience
	}
	if token, lifetime, err = s.issue(clock, clock.Add(s.policy.AccessTTL), c); err == nil {
		s.record(ctx, audit.Event{At: clock, Name: audit.ClientGranted, Actor: m.Origin.Actor, Subject: c.Client,
			Address: m.Origin.Address, UserAgent: m.Origin.UserAgent})
	}
	return token, lifetime, err
}

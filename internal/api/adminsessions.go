package api

import (
	"bytes"
	"net/http"
	"slices"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// adminSession is a live session as operators see it.
type adminSession struct {
	ID               string `json:"id"`
	UserID           string `json:"user_id"`
	CreatedAt        string `json:"created_at"`
	LastUsedAt       string `json:"last_used_at"`
	RefreshExpiresAt string `json:"refresh_expires_at"`
	SessionExpiresAt string `json:"session_expires_at"`
	Device           string `json:"device"`
	UserAgent        string `json:"user_agent"`
	IP               string `json:"ip"`
}

func adminSessionOf(s tokens.SessionInfo) adminSession {
	return adminSession{
		ID: s.ID.String(), UserID: s.User.String(), CreatedAt: timestamp(s.CreatedAt), LastUsedAt: timestamp(s.LastUsedAt),
		RefreshExpiresAt: timestamp(s.RefreshExpiresAt), SessionExpiresAt: timestamp(s.SessionExpiresAt),
		Device: s.Device, UserAgent: s.UserAgent, IP: addressText(s.Address),
	}
}

// adminSessionPage is the answer to GET /admin/users/{id}/sessions.
type adminSessionPage struct {
	Sessions   []adminSession `json:"sessions"`
	NextCursor string         `json:"next_cursor,omitempty"`
}

// userSessions cuts its pages from all live sessions of a user, of which there are never many.
func (a *admin) userSessions(x *exchange, r *http.Request) error {
	id, err := userID(r)
	if err != nil {
		return err
	}
	p, err := paged(r, 's')
	if err != nil {
		return err
	}
	after, err := p.placeID()
	if err != nil {
		return err
	}
	sessions, err := a.Sessions.UserSessions(r.Context(), id)
	if err != nil {
		return err
	}
	// Ids begin with the time of the login.
	slices.SortFunc(sessions, func(one, other tokens.SessionInfo) int { return bytes.Compare(other.ID[:], one.ID[:]) })
	answer, last := adminSessionPage{}, auth.SessionID{}
	for _, s := range sessions {
		if p.after != "" && bytes.Compare(s.ID[:], after[:]) >= 0 {
			continue
		}
		if len(answer.Sessions) == p.limit {
			answer.NextCursor = cursor('s', string(last[:]))
			break
		}
		last = s.ID
		answer.Sessions = append(answer.Sessions, adminSessionOf(s))
	}
	return x.sendJSON(http.StatusOK, answer)
}

func (a *admin) endSession(x *exchange, r *http.Request) error {
	id, err := sessionID(r)
	if err != nil {
		return err
	}
	if err := a.Sessions.EndSession(r.Context(), id, operator(x, r)); err != nil {
		return err
	}
	x.WriteHeader(http.StatusNoContent)
	return nil
}

// tokenRevocation is the body of POST /admin/revocations.
type tokenRevocation struct {
	JTI text `json:"jti"`
}

func (b *tokenRevocation) required() []member { return []member{{"/jti", b.JTI.given}} }

func (a *admin) revokeToken(x *exchange, r *http.Request) error {
	var b tokenRevocation
	if err := decode(x, r, &b); err != nil {
		return err
	}
	id, err := auth.ParseTokenID(b.JTI.value)
	if err != nil {
		return invalidRequest("/jti", "The jti must be that of a token of authd: 16 characters of base64url.")
	}
	if err := a.Sessions.RevokeToken(r.Context(), id, operator(x, r)); err != nil {
		return err
	}
	x.WriteHeader(http.StatusNoContent)
	return nil
}

// operator is where r came from, for events that its operator causes.
func operator(x *exchange, r *http.Request) tokens.Origin {
	from := origin(x, r)
	from.Actor = audit.Admin
	return from
}

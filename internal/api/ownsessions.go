package api

import (
	"net/http"
	"net/netip"

	"github.com/go-chi/chi/v5"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// session is one member of the answer to GET /sessions.
type session struct {
	ID               string `json:"id"`
	CreatedAt        string `json:"created_at"`
	LastUsedAt       string `json:"last_used_at"`
	RefreshExpiresAt string `json:"refresh_expires_at"`
	SessionExpiresAt string `json:"session_expires_at"`
	Device           string `json:"device"`
	UserAgent        string `json:"user_agent"`
	IP               string `json:"ip"`
	Current          bool   `json:"current"`
}

// sessionList is the answer to GET /sessions.
type sessionList struct {
	Sessions []session `json:"sessions"`
}

func (a *api) sessions(x *exchange, r *http.Request) error {
	holder, err := a.holder(r)
	if err != nil {
		return err
	}
	infos, err := a.Sessions.Sessions(r.Context(), holder)
	if err != nil {
		return err
	}
	list := sessionList{Sessions: make([]session, len(infos))}
	for i := range infos {
		list.Sessions[i] = sessionOf(&infos[i])
	}
	return x.sendJSON(http.StatusOK, list)
}

func sessionOf(info *tokens.SessionInfo) session {
	return session{
		ID: info.ID.String(), CreatedAt: timestamp(info.CreatedAt), LastUsedAt: timestamp(info.LastUsedAt),
		RefreshExpiresAt: timestamp(info.RefreshExpiresAt), SessionExpiresAt: timestamp(info.SessionExpiresAt),
		Device: info.Device, UserAgent: info.UserAgent, IP: addressText(info.Address), Current: info.Current,
	}
}

// addressText is empty for the zero address, whose own text would be "invalid IP".
func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func (a *api) endSession(x *exchange, r *http.Request) error {
	holder, err := a.holder(r)
	if err != nil {
		return err
	}
	id, err := sessionID(r)
	if err != nil {
		return err
	}
	if err := a.Sessions.EndOwn(r.Context(), holder, id, origin(x, r)); err != nil {
		return err
	}
	x.WriteHeader(http.StatusNoContent)
	return nil
}

// sessionID is the id in the path. A text that is none, or another spelling of one, names no session.
func sessionID(r *http.Request) (auth.SessionID, error) {
	text := chi.URLParam(r, "id")
	id, err := auth.ParseSessionID(text)
	if err != nil || id.String() != text {
		return id, tokens.ErrSessionNotFound
	}
	return id, nil
}

// holder is who a route that nobody may use without a token is asked by.
func (a *api) holder(r *http.Request) (tokens.Principal, error) {
	access, err := mustBearer(r)
	if err != nil {
		return tokens.Principal{}, err
	}
	return a.Sessions.Authenticate(r.Context(), access)
}

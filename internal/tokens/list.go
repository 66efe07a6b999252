package tokens

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// SessionInfo is a session as its user and operators may see it.
type SessionInfo struct {
	ID               auth.SessionID
	User             auth.UserID
	CreatedAt        time.Time
	LastUsedAt       time.Time
	RefreshExpiresAt time.Time // it dies then if it is not used before
	SessionExpiresAt time.Time
	EndedAt          time.Time // zero while it has not been ended
	EndReason        audit.Reason
	Live             bool
	Current          bool // the session of whoever asks
	Device           string
	UserAgent        string
	Address          netip.Addr
}

// Sessions lists the live sessions of the user of a token, the one last used first. [ErrTokenInvalid] if
// the token's own is not among them.
func (s *Sessions) Sessions(ctx context.Context, holder Principal) ([]SessionInfo, error) {
	now, err := s.moment(ctx, holder.User)
	if err != nil {
		return nil, gone(err)
	}
	if err := now.Holds(holder.Session); err != nil {
		return nil, err
	}
	return now.infos(holder.Session), nil
}

// UserSessions lists the live sessions of a user for an operator. [ErrUserNotFound].
func (s *Sessions) UserSessions(ctx context.Context, id auth.UserID) ([]SessionInfo, error) {
	now, err := s.moment(ctx, id)
	if err != nil {
		return nil, err
	}
	return now.infos(auth.SessionID{}), nil
}

// Session shows one session, live or not, to an operator. [ErrSessionNotFound] if there is no row of it,
// or none any more.
func (s *Sessions) Session(ctx context.Context, id auth.SessionID) (SessionInfo, error) {
	rows, clock, err := s.load(ctx, []auth.SessionID{id})
	if err != nil {
		return SessionInfo{}, err
	}
	row := rows[id]
	if row == nil {
		return SessionInfo{}, ErrSessionNotFound
	}
	info := infoOf(row.Session)
	info.Live = row.live(clock) == nil
	return info, nil
}

// Check asks the session's row itself whether a token may speak for its user: for what must not wait
// until the news of a death has come round. [ErrTokenInvalid].
func (s *Sessions) Check(ctx context.Context, holder Principal) error {
	rows, clock, err := s.load(ctx, []auth.SessionID{holder.Session})
	if err != nil {
		return err
	}
	if row := rows[holder.Session]; row == nil || row.live(clock) != nil {
		return ErrTokenInvalid
	}
	return nil
}

func (m *Moment) infos(current auth.SessionID) []SessionInfo {
	infos := make([]SessionInfo, 0, len(m.Sessions))
	for _, session := range m.Sessions {
		if !m.live(session) {
			continue
		}
		info := infoOf(session)
		info.Live, info.Current = true, session.ID == current
		infos = append(infos, info)
	}
	slices.SortFunc(infos, func(a, b SessionInfo) int {
		return cmp.Or(b.LastUsedAt.Compare(a.LastUsedAt), bytes.Compare(b.ID[:], a.ID[:]))
	})
	return infos
}

func infoOf(s Session) SessionInfo {
	return SessionInfo{
		ID: s.ID, User: s.User, CreatedAt: s.CreatedAt, LastUsedAt: s.RotatedAt,
		RefreshExpiresAt: s.IdleEndsAt, SessionExpiresAt: s.EndsAt, EndedAt: s.EndedAt, EndReason: s.EndReason,
		Device: s.Device, UserAgent: s.UserAgent, Address: s.LoginIP,
	}
}

// gone turns a user who is not there any more into what the user's own token is then worth.
func gone(err error) error {
	if errors.Is(err, ErrUserNotFound) {
		return ErrTokenInvalid.Because(err)
	}
	return err
}

package tokens

import (
	"context"
	"errors"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// Scope is how much a logout ends.
type Scope string

const (
	ScopeSession Scope = "session" // the session of the token
	ScopeOthers  Scope = "others"  // every other session of its user
	ScopeAll     Scope = "all"     // everything of its user, by raising the epoch
)

// LogOut is a request to end sessions. At least one token is needed; two must be of one session.
type LogOut struct {
	Access  string
	Refresh string
	Scope   Scope // empty: ScopeSession
	Origin  Origin
}

// LogOut ends what the scope says. Ending one session asks for little, because nobody gains from it:
// an access token with a good signature by a key that was not killed, however old or dead, or any
// genuine refresh token of the session. Ending others asks for a live access token, or for a refresh
// token that could be refreshed now.
func (s *Sessions) LogOut(ctx context.Context, request LogOut) error {
	holder, err := s.identify(ctx, request)
	if err != nil {
		return err
	}
	switch request.Scope {
	case ScopeSession, "":
		return s.endHolder(ctx, holder.session, request.Origin)
	case ScopeOthers, ScopeAll:
		return s.endMany(ctx, holder, request)
	}
	return &auth.Error{Kind: auth.InvalidRequest, Code: "invalid_request", Pointer: "/scope",
		Public: "The scope is one of session, others and all."}
}

// SessionOf returns the session that a genuine refresh token is of, of whatever generation and whatever
// became of the session. [ErrRefreshTokenInvalid] for what is not ours.
func (s *Sessions) SessionOf(ctx context.Context, refreshToken string) (auth.SessionID, error) {
	token, err := s.keyring.openRefresh(ctx, refreshToken)
	return token.session, err
}

// holder is who asks for a logout: the session and the tokens that name it.
type holder struct {
	session auth.SessionID
	access  *accessToken
	refresh *refreshToken
}

func (s *Sessions) identify(ctx context.Context, request LogOut) (h holder, err error) {
	if request.Access == "" && request.Refresh == "" {
		return h, ErrTokenInvalid
	}
	if request.Refresh != "" {
		token, err := s.keyring.openRefresh(ctx, request.Refresh)
		if errors.Is(err, ErrRefreshTokenInvalid) {
			return h, ErrTokenInvalid
		}
		if err != nil {
			return h, err
		}
		h.refresh, h.session = &token, token.session
	}
	if request.Access != "" {
		token, ok := s.openAccess(request.Access)
		if !ok {
			return h, ErrTokenInvalid
		}
		if token.session.IsZero() {
			return h, ErrNoSession
		}
		if h.refresh != nil && token.session != h.session {
			return h, ErrTwoSessions
		}
		h.access, h.session = &token, token.session
	}
	return h, nil
}

// endHolder ends the session that asks, through the lane of deaths.
func (s *Sessions) endHolder(ctx context.Context, id auth.SessionID, from Origin) error {
	d := newLogout(id, from)
	if err := s.deaths.submit(d); err != nil {
		return err
	}
	answer, err := await(ctx, s, d.done)
	if err != nil {
		return err
	}
	s.live.Sync(ctx)
	return answer
}

// endMany ends sessions of the holder's user other than, or together with, the holder's own.
func (s *Sessions) endMany(client context.Context, h holder, request LogOut) error {
	ctx, cancel := detached(client)
	defer cancel()
	mark, err := s.newMark()
	if err != nil {
		return err
	}
	for range 2 * maxAttempts {
		row, err := s.authorize(ctx, h, request.Origin)
		if err != nil {
			return err
		}
		user, sessions, clock, found, err := s.store.LoadUser(ctx, row.User)
		if err != nil {
			return err
		}
		if !found || user.RowVersion != row.Owner.RowVersion {
			// The user changed after the holder was found live. What the holder may do hangs on that
			// user: with the epoch raised meanwhile, a dead session would speak for the new ones.
			continue
		}
		change := planLogOut(user, sessions, clock, row.ID, request.Scope)
		if !change.RaiseEpoch && len(change.End) == 0 {
			return nil
		}
		applied, err := s.changeUser(ctx, change, mark)
		if err != nil {
			return err
		}
		if applied {
			s.recordEnded(ctx, row, change.End, request.Origin)
			if change.RaiseEpoch {
				s.record(ctx, event(clock, audit.SessionsEnded, audit.LogoutAll, row, request.Origin))
			}
			return nil
		}
	}
	return errBusy
}

// planLogOut says what a logout of others or all changes. The holder's session guards it: should it
// have been ended since it was loaded, nothing happens in its name.
func planLogOut(user User, sessions []Session, clock time.Time, own auth.SessionID, scope Scope) UserChange {
	change := UserChange{User: user.ID, Version: user.RowVersion, Guard: own}
	if scope == ScopeAll {
		change.RaiseEpoch = true
		return change
	}
	live, _ := byLife(user, sessions, clock)
	for _, death := range deathsOf(live, audit.LogoutOthers, clock) {
		if death.Session != own {
			change.End = append(change.End, death)
		}
	}
	return change
}

// authorize returns the holder's session if it may speak for its user. A refresh token is judged by
// the law, so an old one ends its session here as it does at a refresh.
func (s *Sessions) authorize(ctx context.Context, h holder, from Origin) (*Loaded, error) {
	rows, clock, err := s.load(ctx, []auth.SessionID{h.session})
	if err != nil {
		return nil, err
	}
	row := rows[h.session]
	if h.refresh == nil {
		if row == nil || row.live(clock) != nil {
			return nil, ErrTokenInvalid
		}
		return row, s.checkAccess(h.access, clock)
	}
	switch d := decide(row, h.refresh, clock, s.policy.RetryWindow); d.verdict {
	case rotate, retry:
		return row, nil
	case die:
		return nil, s.endForReuse(ctx, h.refresh, from)
	default:
		return nil, d.err
	}
}

// endForReuse sends a deadly refresh token through the lane of deaths and returns its refusal.
func (s *Sessions) endForReuse(ctx context.Context, token *refreshToken, from Origin) error {
	r := newRotation(*token, from)
	r.returned = true // it asks for no rotation: should it turn out to be one, the caller tries again
	if err := s.deaths.submit(&death{session: token.session, origin: from, rotation: r}); err != nil {
		return err
	}
	out, err := await(ctx, s, r.done)
	if err != nil {
		return err
	}
	return out.err
}

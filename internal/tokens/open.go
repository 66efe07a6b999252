package tokens

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// ownClient is the client_id of every session: the public client that is authd itself.
const ownClient = "authd"

// Opening asks for a session in the name of a user who has just proven a password.
type Opening struct {
	User    auth.UserID
	Epoch   auth.Epoch // read in the same row as the hash that was proven
	Version int64      // the row version then
	// PasswordHash, unless empty, replaces the proven hash, which was of another cost or scheme. It is
	// dropped if the row has changed since: a password that was set meanwhile must not be undone.
	PasswordHash string
	Origin       Origin
}

// Open opens a session. [ErrUserChanged]: what was proven is worth nothing any more.
func (s *Sessions) Open(ctx context.Context, o Opening) (Pair, error) {
	if s.live.Stale() {
		return Pair{}, errStale // before anything is written
	}
	var session Loaded
	var refresh string
	now, change, err := s.alter(ctx, o.User, func(m *Moment) (change UserChange, _ bool, err error) {
		if !m.User.DisabledAt.IsZero() || m.User.Epoch != o.Epoch {
			return change, false, ErrUserChanged
		}
		session.Owner = m.User
		if session.Session, refresh, err = s.newSession(&m.User, m.Clock, o.Origin); err != nil {
			return change, false, err
		}
		change.Open, change.End = &session.Session, overLimit(m.User, m.Sessions, m.Clock, s.policy.PerUser)
		if m.User.RowVersion == o.Version {
			change.PasswordHash = o.PasswordHash
		}
		return change, true, nil
	})
	if errors.Is(err, ErrUserNotFound) {
		err = ErrUserChanged.Because(err)
	}
	if err != nil {
		return Pair{}, err
	}
	s.recordOpened(ctx, &session, change.End, o.Origin)
	return s.pair(&session, refresh, now.Clock)
}

// newSession makes a session at generation 0 and its refresh token.
func (s *Sessions) newSession(user *User, clock time.Time, from Origin) (Session, string, error) {
	id, err := auth.NewSessionID(clock, s.random)
	if err != nil {
		return Session{}, "", fmt.Errorf("make a session id: %w", err)
	}
	version, keys := s.keyring.refreshAt(clock)
	token := refreshToken{version: version, session: id}
	if _, err := io.ReadFull(s.random, token.secret[:]); err != nil {
		return Session{}, "", fmt.Errorf("make a refresh token: %w", err)
	}
	end := clock.Add(s.policy.SessionTTL)
	return Session{
		ID: id, User: user.ID, ClientID: ownClient, Epoch: user.Epoch,
		CurrentHash: token.hash(), SecretVersion: version,
		CreatedAt: clock, RotatedAt: clock, IdleEndsAt: s.policy.idleEnd(clock, end), EndsAt: end,
		Device: from.Device, UserAgent: from.UserAgent, LoginIP: from.Address,
	}, token.text(keys), nil
}

// overLimit returns the ends that make room for one more session: of the live ones those idle longest.
//
// Of the dead ones, which expired or fell below the epoch, as many may stay as may live, so that they
// are still told that they expired. More are ended: every login reads all that were not ended, and who
// signs in and logs out of everything all day would make each next login slower and larger.
func overLimit(user User, sessions []Session, clock time.Time, limit int) []Death {
	live, dead := byLife(user, sessions, clock)
	ends := append(idleLongest(live, len(live)-limit+1), idleLongest(dead, len(dead)-limit)...)
	return deathsOf(ends, audit.SessionLimit, clock)
}

// idleLongest returns the n sessions that were used least lately.
func idleLongest(sessions []Session, n int) []Session {
	if n <= 0 {
		return nil
	}
	slices.SortFunc(sessions, func(a, b Session) int { return a.RotatedAt.Compare(b.RotatedAt) })
	return sessions[:n:n]
}

// byLife tells the live sessions from those that are not.
func byLife(user User, sessions []Session, clock time.Time) (live, dead []Session) {
	for _, session := range sessions {
		if l := (Loaded{Session: session, Owner: user}); l.live(clock) == nil {
			live = append(live, session)
		} else {
			dead = append(dead, session)
		}
	}
	return live, dead
}

func deathsOf(sessions []Session, reason audit.Reason, clock time.Time) []Death {
	deaths := make([]Death, len(sessions))
	for i, session := range sessions {
		deaths[i] = Death{Session: session.ID, Reason: reason, At: clock}
	}
	return deaths
}

func (s *Sessions) recordOpened(ctx context.Context, session *Loaded, ended []Death, from Origin) {
	s.record(ctx, event(session.CreatedAt, audit.LoginSucceeded, "", session, from))
	s.recordEnded(ctx, session, ended, from)
}

// recordEnded records other sessions of one user, ended in the name of session.
func (s *Sessions) recordEnded(ctx context.Context, session *Loaded, ended []Death, from Origin) {
	for _, death := range ended {
		e := event(death.At, audit.SessionEnded, death.Reason, session, from)
		e.Session = death.Session
		s.record(ctx, e)
	}
}

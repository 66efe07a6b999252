package tokens

import (
	"context"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// Moment is a user with the sessions that have not been ended and the store's clock, read together.
type Moment struct {
	User     User
	Sessions []Session
	Clock    time.Time
}

// Holds returns nil if the session of a token may speak for the user now, else [ErrTokenInvalid].
func (m *Moment) Holds(id auth.SessionID) error {
	_, err := m.held(id)
	return err
}

// held returns a session that may speak for the user now.
func (m *Moment) held(id auth.SessionID) (Session, error) {
	for _, session := range m.Sessions {
		if session.ID == id && m.live(session) {
			return session, nil
		}
	}
	return Session{}, ErrTokenInvalid
}

func (m *Moment) live(session Session) bool {
	l := Loaded{Session: session, Owner: m.User}
	return l.live(m.Clock) == nil
}

// Deed is something that is done to a user, by itself or by others.
type Deed struct {
	// Decide says what to change on what was read, whose user and version it need not repeat. False:
	// what is wanted is so already. It may be asked again, and must be pure.
	Decide func(*Moment) (change UserChange, needed bool, err error)
	// Name and, of the sessions that end with a raised epoch, Reason are recorded.
	Name   audit.Name
	Reason audit.Reason
	// Told, if set, says both of what was changed: a deed may be several things at once.
	Told   func(UserChange) ([]audit.Name, audit.Reason)
	Origin Origin
}

// Change does a deed to a user: load, decide, swap, and again if another was faster.
// [ErrUserNotFound] if there is no such user; an error of Decide is returned as it is.
func (s *Sessions) Change(ctx context.Context, id auth.UserID, deed Deed) error {
	var guard auth.SessionID
	now, change, err := s.alter(ctx, id, func(m *Moment) (UserChange, bool, error) {
		change, needed, err := deed.Decide(m)
		guard = change.Guard
		return change, needed, err
	})
	if err != nil || now == nil {
		return err
	}
	names, reason := []audit.Name{deed.Name}, deed.Reason
	if deed.Told != nil {
		names, reason = deed.Told(change)
	}
	e := audit.Event{At: now.Clock, Actor: deed.Origin.Actor, User: id, Session: guard,
		Address: deed.Origin.Address, UserAgent: deed.Origin.UserAgent}
	for _, e.Name = range names {
		s.record(ctx, e)
	}
	if change.RaiseEpoch {
		e.Name, e.Reason, e.Session = audit.SessionsEnded, reason, auth.SessionID{}
		s.record(ctx, e)
	}
	return nil
}

// alter is the turn that changes of a user take, all but a logout of several sessions, which judges its
// tokens anew in each turn. It returns what the change was decided on, nil if none was needed.
func (s *Sessions) alter(ctx context.Context, id auth.UserID, decide func(*Moment) (UserChange, bool, error)) (*Moment, UserChange, error) {
	ctx, cancel := detached(ctx)
	defer cancel()
	mark, err := s.newMark()
	if err != nil {
		return nil, UserChange{}, err
	}
	for range 2 * maxAttempts { // many at once change one user: each turn lets one through
		now, err := s.moment(ctx, id)
		if err != nil {
			return nil, UserChange{}, err
		}
		change, needed, err := decide(now)
		if err != nil || !needed {
			return nil, UserChange{}, err
		}
		change.User, change.Version = id, now.User.RowVersion
		applied, err := s.changeUser(ctx, change, mark)
		if err != nil {
			return nil, UserChange{}, err
		}
		if applied {
			return now, change, nil
		}
	}
	return nil, UserChange{}, errBusy
}

func (s *Sessions) moment(ctx context.Context, id auth.UserID) (*Moment, error) {
	user, sessions, clock, found, err := s.store.LoadUser(ctx, id)
	if err == nil && !found {
		err = ErrUserNotFound
	}
	if err != nil {
		return nil, err
	}
	return &Moment{user, sessions, clock}, nil
}

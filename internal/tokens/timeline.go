package tokens

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// Timeline is the life of one session, in order of time.
type Timeline struct {
	Session auth.SessionID
	User    auth.UserID
	Steps   []Step
	// Cut is true if the session has more events than are shown: the oldest of them are left out.
	Cut bool
}

// Step is one thing in the life of a session. Members that do not apply are zero.
type Step struct {
	At        time.Time // whole milliseconds
	Name      audit.Name
	Reason    audit.Reason
	Actor     audit.Actor
	Rotations uint32 // audit.SessionRotated: how many there were, of which the last one was At
	Device    string // audit.LoginSucceeded
	Address   netip.Addr
	UserAgent string
}

const (
	maxSteps = 1000 // events of one session: whoever shows one parent again and again makes many
	maxEnds  = 100  // times that everything of a user ended, during one session
)

// Timeline reads the life of a session. What its row says comes from there: the login, how many
// rotations and the last of them, the end. The rest are its events. [ErrSessionNotFound] if neither a
// row nor an event is left.
func (s *Sessions) Timeline(ctx context.Context, id auth.SessionID) (Timeline, error) {
	rows, clock, err := s.load(ctx, []auth.SessionID{id})
	if err != nil {
		return Timeline{}, err
	}
	events, err := s.store.Records(ctx, audit.Query{Session: id, Limit: maxSteps + 1})
	if err != nil {
		return Timeline{}, err
	}
	row := rows[id]
	if row == nil && len(events) == 0 {
		return Timeline{}, ErrSessionNotFound
	}
	line := Timeline{Session: id, Cut: len(events) > maxSteps}
	events = events[:min(maxSteps, len(events))]
	slices.Reverse(events)
	if row == nil {
		line.User, line.Steps = events[0].User, stepsOf(events)
		return line, nil
	}
	line.User = row.User
	var ends []audit.Record
	if row.EndedAt.IsZero() && row.Epoch < row.Owner.Epoch {
		since := audit.Query{User: row.User, Name: audit.SessionsEnded, Since: wholeMillis(row.CreatedAt), Limit: maxEnds}
		if ends, err = s.store.Records(ctx, since); err != nil {
			return Timeline{}, err
		}
		slices.Reverse(ends)
	}
	line.Steps = lifeOf(row, clock, events, ends)
	return line, nil
}

// lifeOf puts together what the row says and what happened. ends are the times when everything of the
// user ended since the login; the first of them ended this session.
func lifeOf(row *Loaded, clock time.Time, events, ends []audit.Record) []Step {
	steps := []Step{{At: wholeMillis(row.CreatedAt), Name: audit.LoginSucceeded, Actor: audit.User,
		Device: row.Device, Address: row.LoginIP, UserAgent: row.UserAgent}}
	if row.Generation > 0 {
		steps = append(steps, Step{At: wholeMillis(row.RotatedAt), Name: audit.SessionRotated, Actor: audit.User, Rotations: row.Generation})
	}
	for _, step := range stepsOf(events) {
		if step.Name != audit.LoginSucceeded {
			steps = append(steps, step)
		}
	}
	isEnd := func(s Step) bool { return s.Name == audit.SessionEnded || s.Name == audit.SessionsEnded }
	if !slices.ContainsFunc(steps, isEnd) {
		switch { // events can be lost, and this one may be another session's
		case !row.EndedAt.IsZero():
			steps = append(steps, Step{At: wholeMillis(row.EndedAt), Name: audit.SessionEnded, Reason: row.EndReason})
		case len(ends) > 0:
			steps = append(steps, stepsOf(ends[:1])...)
		}
	}
	expiry := row.IdleEndsAt
	if row.EndsAt.Before(expiry) {
		expiry = row.EndsAt
	}
	earlier := func(s Step) bool { return isEnd(s) && s.At.Before(expiry) }
	if !clock.Before(expiry) && !slices.ContainsFunc(steps, earlier) {
		steps = append(steps, Step{At: wholeMillis(expiry), Name: audit.SessionExpired, Actor: audit.System})
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return a.At.Compare(b.At) })
	return steps
}

func stepsOf(events []audit.Record) []Step {
	steps := make([]Step, len(events))
	for i, e := range events {
		steps[i] = Step{At: e.At, Name: e.Name, Reason: e.Reason, Actor: e.Actor, Address: e.Address, UserAgent: e.UserAgent}
	}
	return steps
}

// wholeMillis is the grain of events: with a finer one a login would come after what it caused.
func wholeMillis(t time.Time) time.Time { return t.Truncate(time.Millisecond) }

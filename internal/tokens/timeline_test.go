package tokens_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// keep writes what was recorded into the store, as a server does.
func (i *instance) keep() {
	i.t.Helper()
	var now time.Time // that of the event: few alike are kept of one minute
	w, err := audit.NewWriter(audit.WriterConfig{Store: i.store, Now: func() time.Time { return now }, Random: rand.Reader,
		Again: func(error) bool { return false }, Dropped: func(_ int, err error) { i.t.Error(err) }})
	if err != nil {
		i.t.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, e := range i.all {
		now = e.At
		w.Record(i.t.Context(), e)
	}
	i.all = nil
	over, cancel := context.WithCancel(i.t.Context())
	cancel()
	if err := w.Run(over); err != nil {
		i.t.Fatal(err)
	}
}

// life tells a session's timeline in short.
func (i *instance) life(id auth.SessionID) string {
	i.t.Helper()
	line, err := i.Timeline(i.t.Context(), id)
	if err != nil {
		i.t.Fatal(err)
	}
	if line.Session != id || !slices.IsSortedFunc(line.Steps, func(a, b tokens.Step) int { return a.At.Compare(b.At) }) {
		i.t.Errorf("%+v is not the life of %s in order of time", line, id)
	}
	var steps []string
	for _, s := range line.Steps {
		text := fmt.Sprintf("%s by %s", s.Name, cmp.Or(s.Actor, "?"))
		if s.Reason != "" {
			text += fmt.Sprintf(" for %s", s.Reason)
		}
		if s.Rotations > 0 {
			text += fmt.Sprintf(" x%d", s.Rotations)
		}
		steps = append(steps, text)
	}
	return strings.Join(steps, ", ")
}

func (i *instance) lives(id auth.SessionID, want string) {
	i.t.Helper()
	if got := i.life(id); got != want {
		i.t.Errorf("a session's life\n  %s, want\n  %s", got, want)
	}
}

// I8: whoever was robbed sees when and from where.
func TestATimelineTellsTheLifeOfASession(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		w.pass(time.Second)
		second := a.refresh(first.RefreshToken)
		w.pass(time.Second)
		a.refresh(first.RefreshToken) // its answer was lost
		w.pass(time.Second)
		a.refresh(second.RefreshToken)
		w.pass(time.Second)
		thief := tokens.Origin{UserAgent: "curl", Address: netip.MustParseAddr("203.0.113.9")}
		if _, err := a.Refresh(t.Context(), first.RefreshToken, thief); !errors.Is(err, tokens.ErrRefreshTokenReused) {
			t.Fatal(err)
		}
		a.keep()
		a.lives(first.Session, "login.succeeded by user, session.retried by user, session.rotated by user x2, session.ended by user for reuse")

		line, err := a.Timeline(t.Context(), first.Session)
		if err != nil {
			t.Fatal(err)
		}
		login, end := line.Steps[0], line.Steps[3]
		if login.Device != home.Device || login.Address != home.Address || login.UserAgent != home.UserAgent {
			t.Errorf("the login came from %+v, want %+v", login, home)
		}
		if end.Address != thief.Address || end.UserAgent != thief.UserAgent {
			t.Errorf("the end came from %+v, want %+v", end, thief)
		}
		row := a.row(first.Session)
		if line.User != row.User || !end.At.Equal(row.EndedAt.Truncate(time.Millisecond)) || line.Cut {
			t.Errorf("got %+v of %+v", line, row)
		}
	})
}

func TestATimelineSaysWhatEndedEverythingOfTheUser(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		ann := a.user("ann")
		first, second := a.openAs(ann), a.openAs(a.proven("ann"))
		a.logOut(tokens.LogOut{Access: first.AccessToken, Scope: tokens.ScopeAll, Origin: home})
		w.pass(time.Second)
		third := a.openAs(a.proven("ann"))
		w.pass(time.Second)
		if err := a.setPassword(ann.User); err != nil {
			t.Fatal(err)
		}
		a.keep()
		for _, id := range []auth.SessionID{first.Session, second.Session} {
			a.lives(id, "login.succeeded by user, sessions.ended by user for logout_all")
		}
		a.lives(third.Session, "login.succeeded by user, sessions.ended by user for password_change")
		w.pass(idleTTL) // what is dead does not run out
		a.lives(second.Session, "login.succeeded by user, sessions.ended by user for logout_all")
	})
}

func TestATimelineSaysThatASessionRanOut(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		pair := a.login("ann")
		w.pass(time.Second)
		a.refresh(pair.RefreshToken)
		w.pass(idleTTL + time.Hour)
		a.keep()
		const life = "login.succeeded by user, session.rotated by user x1, session.expired by system"
		a.lives(pair.Session, life)
		a.logOut(tokens.LogOut{Access: pair.AccessToken})
		a.lives(pair.Session, life+", session.ended by ? for logout") // its event was lost: the row knows the rest
	})
}

// Events outlive the row.
func TestATimelineOfASessionThatWasCollectedHasItsEvents(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		pair := a.login("ann")
		user := a.row(pair.Session).User
		w.pass(time.Second)
		a.logOut(tokens.LogOut{Access: pair.AccessToken, Origin: home})
		a.keep()
		if n, err := a.store.CollectSessions(t.Context(), time.Now().Add(2*sessionTTL), 10); n != 1 || err != nil {
			t.Fatalf("collected %d, error %v", n, err)
		}
		a.lives(pair.Session, "login.succeeded by user, session.ended by user for logout")
		if line, err := a.Timeline(t.Context(), pair.Session); err != nil || line.User != user {
			t.Errorf("got the life of %v, error %v, want %s's", line.User, err, user)
		}
		if _, err := a.Timeline(t.Context(), auth.SessionID{1}); !errors.Is(err, tokens.ErrSessionNotFound) {
			t.Errorf("a session that never was: got %v", err)
		}
	})
}

func TestATimelineOfAThousandRetriesIsCutAtItsBeginning(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		pair := a.login("ann")
		clock, err := a.store.Clock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for n := range 1200 {
			a.record(t.Context(), audit.Event{At: clock.Add(time.Duration(n) * 3 * time.Second), Name: audit.SessionRetried, Session: pair.Session})
		}
		a.keep()
		line, err := a.Timeline(t.Context(), pair.Session)
		if err != nil {
			t.Fatal(err)
		}
		last := line.Steps[len(line.Steps)-1]
		if !line.Cut || len(line.Steps) != 1001 || line.Steps[0].Name != audit.LoginSucceeded || last.At.Sub(clock) < 3*1198*time.Second {
			t.Errorf("got %d steps, cut %t, from %v to %v", len(line.Steps), line.Cut, line.Steps[0], last)
		}
	})
}

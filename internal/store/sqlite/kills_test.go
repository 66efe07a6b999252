package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// G12: a machine's clock may be set back. What as_of promised was promised.
func TestAsOfStandsWhileTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	noon := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	s.now = func() time.Time { return noon }
	if _, err := s.RaiseHead(t.Context(), "feed", time.Minute, time.Minute); err != nil {
		t.Fatal(err)
	}
	user := userNamed("ann")
	if _, err := s.CreateUser(t.Context(), user, "hash"); err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct{ clock, asOf time.Time }{
		{noon.Add(time.Second), noon.Add(time.Second)},
		{noon.Add(-time.Hour), noon.Add(time.Second)},
		{noon.Add(2 * time.Second), noon.Add(2 * time.Second)},
	} {
		s.now = func() time.Time { return c.clock }
		session := tokens.Session{ID: auth.SessionID(randomID()), User: user.ID, ClientID: "authd", Epoch: 1,
			CreatedAt: noon, RotatedAt: noon, IdleEndsAt: noon, EndsAt: noon}
		if applied, err := s.ChangeUser(t.Context(), tokens.UserChange{User: user.ID, Version: int64(i) + 1, Open: &session}, 1); !applied || err != nil {
			t.Fatalf("applied %t, error %v", applied, err)
		}
		if _, err := s.End(t.Context(), []tokens.Death{{Session: session.ID, Reason: audit.Logout, At: noon}}, 7); err != nil {
			t.Fatal(err)
		}
		entries, head, err := s.entries(t.Context(), int64(i))
		if err != nil || len(entries) != 1 {
			t.Fatalf("%d entries, error %v", len(entries), err)
		}
		if !head.AsOf.Equal(c.asOf) {
			t.Errorf("as_of is %v with the clock at %v, want %v", head.AsOf, c.clock, c.asOf)
		}
		if want := c.clock.Add(time.Minute + 120*time.Second); !entries[0].Until.Equal(want) {
			t.Errorf("until is %v with the clock at %v, want %v", entries[0].Until, c.clock, want)
		}
	}
}

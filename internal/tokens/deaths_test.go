package tokens

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// oneRow is a store of one session, which remembers its deaths.
type oneRow struct {
	Store
	row    *Loaded
	loads  int
	deaths []Death
}

func (s *oneRow) LoadSessions(context.Context, []auth.SessionID) ([]Loaded, time.Time, error) {
	s.loads++
	return []Loaded{*s.row}, noon, nil
}

func (s *oneRow) End(_ context.Context, deaths []Death, _ uint64) (ended []Ended, err error) {
	s.deaths = slices.Concat(s.deaths, deaths)
	return []Ended{{Session: s.row.ID, User: s.row.User, At: noon}}, nil
}

// lanesOn is a service whose lanes do not run: these tests take the turns.
func lanesOn(t *testing.T, row *Loaded) (*Sessions, *oneRow) {
	t.Helper()
	store := &oneRow{row: row}
	s, err := New(Config{
		Store: store, Keyring: ForTests(time.Minute), Issuer: "here", Audience: []string{"there"},
		Policy: Policy{AccessTTL: time.Minute, RefreshIdleTTL: time.Hour, SessionTTL: time.Hour, RetryWindow: window, PerUser: 1},
		Random: rand.Reader, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, store
}

func TestTheFirstOfABatchSaysWhyASessionEnds(t *testing.T) {
	t.Parallel()
	s, store := lanesOn(t, at(5))
	logout, stale := newLogout(store.row.ID, Origin{}), newRotation(*shown(1), Origin{})
	again, err := s.endOnce(t.Context(), []*death{logout, {rotation: stale}})
	if err != nil || len(again) > 0 {
		t.Fatalf("got %v and %d to be decided again", err, len(again))
	}
	if diff := cmp.Diff(store.deaths, []Death{{Reason: audit.Logout, At: noon}}); diff != "" {
		t.Errorf("deaths (-got +want):\n%s", diff)
	}
	if err := <-logout.done; err != nil {
		t.Errorf("the logout: got %v", err)
	}
	if out := <-stale.done; !errors.Is(out.err, ErrSessionRevoked) {
		t.Errorf("the reuse behind it: got %v, want %v", out.err, ErrSessionRevoked)
	}
}

// A logout is decided by nothing that is stored, so a batch of them is one message to the store.
func TestLogoutsLoadNothing(t *testing.T) {
	t.Parallel()
	s, store := lanesOn(t, at(5))
	var told []audit.Event
	s.record = func(_ context.Context, e audit.Event) { told = append(told, e) }
	first, second, elsewhere := newLogout(store.row.ID, Origin{}), newLogout(store.row.ID, Origin{}), newLogout(auth.SessionID{9}, Origin{})
	again, err := s.endOnce(t.Context(), []*death{first, second, elsewhere})
	if err != nil || len(again) > 0 {
		t.Fatalf("got %v and %d to be decided again", err, len(again))
	}
	if diff := cmp.Diff(store.deaths, []Death{{Reason: audit.Logout}, {Session: auth.SessionID{9}, Reason: audit.Logout}}); diff != "" {
		t.Errorf("deaths (-got +want):\n%s", diff)
	}
	if store.loads > 0 {
		t.Errorf("%d readings", store.loads)
	}
	for _, d := range []*death{first, second, elsewhere} { // the last was not ended: it is gone, and that is fine
		if err := <-d.done; err != nil {
			t.Errorf("a logout: got %v", err)
		}
	}
	want := []audit.Event{{At: noon, Name: audit.SessionEnded, Reason: audit.Logout, User: store.row.User, Session: store.row.ID}}
	if diff := cmp.Diff(told, want, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("events (-got +want):\n%s", diff)
	}
}

// The answer to a refresh token names why its session ended, the answer to a logout does not: only the
// former is decided again when somebody else was faster.
func TestALogoutBehindADeadSessionIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	row := at(5)
	row.EndedAt, row.EndReason = noon, audit.Reuse
	s, store := lanesOn(t, row)
	logout, late := newLogout(row.ID, Origin{}), newRotation(*shown(1), Origin{})
	again, err := s.endOnce(t.Context(), []*death{logout, {rotation: late, session: row.ID}})
	if err != nil || len(again) > 0 || len(store.deaths) > 0 {
		t.Fatalf("got %v, %d to be decided again and the deaths %v", err, len(again), store.deaths)
	}
	if err := <-logout.done; err != nil {
		t.Errorf("the logout: got %v", err)
	}
	if out := <-late.done; !errors.Is(out.err, ErrRefreshTokenReused) {
		t.Errorf("the token behind it: got %v, want %v", out.err, ErrRefreshTokenReused)
	}
}

// What the store did not write is tried again, or a logout would be answered that never was.
func TestALogoutThatWasNotWrittenIsNotAnswered(t *testing.T) {
	t.Parallel()
	s, _ := lanesOn(t, at(5))
	s.store = failingEnd{s.store}
	logout := newLogout(auth.SessionID{9}, Origin{})
	again, err := s.endOnce(t.Context(), []*death{logout})
	if !errors.Is(err, ErrWriteConflict) || len(again) != 1 || len(logout.done) > 0 {
		t.Errorf("got %v, %d to be decided again and %d answers", err, len(again), len(logout.done))
	}
}

type failingEnd struct{ Store }

func (failingEnd) End(context.Context, []Death, uint64) ([]Ended, error) {
	return nil, ErrWriteConflict
}

func TestTheLanesSendARequestBackOnce(t *testing.T) {
	t.Parallel()
	s, store := lanesOn(t, at(5))
	r := newRotation(*shown(5), Origin{})
	for range 2 { // in between the rotation lane found it deadly once more
		if again, err := s.endOnce(t.Context(), []*death{{rotation: r}}); err != nil || len(again) > 0 {
			t.Fatalf("got %v and %d to be decided again", err, len(again))
		}
	}
	if got := len(s.rotations.queue); got != 1 || <-s.rotations.queue != r {
		t.Errorf("it was sent back %d times, want once", got)
	}
	select {
	case out := <-r.done:
		if auth.KindOf(out.err) != auth.Unavailable {
			t.Errorf("got %v, want unavailable", out.err)
		}
	default:
		t.Error("it was not answered")
	}
	if len(store.deaths) > 0 {
		t.Errorf("a live session was ended: %v", store.deaths)
	}
}

// Its caller asked for a logout: a rotation would spend the client's token and tell it nothing.
func TestALogoutThatIsNoReuseAfterAllRotatesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := lanesOn(t, at(5))
		go func() { _ = s.deaths.run(t.Context()) }()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // of the bubble: for who is not answered
		defer cancel()
		if err := s.endForReuse(ctx, shown(5), Origin{}); auth.KindOf(err) != auth.Unavailable {
			t.Errorf("got %v, want unavailable", err)
		}
		if got := len(s.rotations.queue); got != 0 {
			t.Errorf("%d rotations were asked for", got)
		}
	})
}

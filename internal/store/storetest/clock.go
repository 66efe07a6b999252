package storetest

import (
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
)

var clockClaims = []claim{
	{name: "the clock moves, by microseconds, close to this machine's", prove: clockMoves},
	{name: "every load carries the clock of its moment", prove: loadsCarryClock},
}

// The database may be another machine's, whose clock this one need not share to the second.
const closeEnough = 30 * time.Second

func clockMoves(t *trial) {
	first := t.clock()
	if off := time.Since(first).Abs(); off > closeEnough {
		t.Errorf("the store's clock is %v away from this machine's", off)
	}
	last, fine, began := first, false, time.Now()
	// Both at the second reading, as a rule. The time is for clocks that tick a thousand times slower.
	for time.Since(began) < 200*time.Millisecond && !(last.After(first) && fine) {
		now := t.clock()
		if now.Before(last) {
			t.Errorf("the clock went back from %v to %v", last, now)
		}
		last, fine = now, fine || now.Nanosecond()%int(time.Millisecond) != 0
	}
	if !last.After(first) {
		t.Errorf("the clock stands at %v", first)
	}
	if !fine {
		t.Errorf("the clock shows no fractions of a millisecond: %v", last)
	}
	if last.Location() != time.UTC || last.Nanosecond()%int(time.Microsecond) != 0 {
		t.Errorf("the clock reads %v, want UTC in whole microseconds, as columns keep them", last)
	}
}

func loadsCarryClock(t *trial) {
	user := t.user("ann")
	s := t.login(user.ID, 1)[0]
	ctx := t.Context()
	loads := map[string]func() (time.Time, error){
		"LoadSessions": func() (time.Time, error) {
			_, clock, err := t.store.LoadSessions(ctx, []auth.SessionID{s.ID})
			return clock, err
		},
		"LoadSessions of one that does not exist": func() (time.Time, error) {
			_, clock, err := t.store.LoadSessions(ctx, []auth.SessionID{t.sessionID()})
			return clock, err
		},
		"LoadSessions of none": func() (time.Time, error) {
			_, clock, err := t.store.LoadSessions(ctx, nil)
			return clock, err
		},
		"LoadUser": func() (time.Time, error) {
			_, _, clock, _, err := t.store.LoadUser(ctx, user.ID)
			return clock, err
		},
		"Kills of none": func() (time.Time, error) {
			_, clock, err := t.store.Kills(ctx, nil)
			return clock, err
		},
		"Kills": func() (time.Time, error) {
			_, clock, err := t.store.Kills(ctx, []revocation.Key{revocation.KillSession(s.ID).Key})
			return clock, err
		},
		"Follow": func() (time.Time, error) {
			reading, err := t.store.Follow(ctx, 0, 10)
			return reading.Clock, err
		},
		"LoadKeyring": func() (time.Time, error) {
			rows, err := t.store.LoadKeyring(ctx)
			return rows.Clock, err
		},
	}
	for name, load := range loads {
		before := t.clock()
		clock, err := load()
		t.must(err, name)
		after := t.clock()
		if clock.Before(before) || clock.After(after) || clock.Location() != time.UTC {
			t.Errorf("%s carries the clock %v, want one between %v and %v", name, clock, before, after)
		}
	}
}

//go:build unix

package postgres

import (
	"context"
	"testing"
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/store/pgtest"
)

// follows runs a follower of a store until the test ends.
func follows(t *testing.T, s *Store) *revocation.Follower {
	t.Helper()
	f, err := revocation.New(revocation.Config{Store: s, Now: time.Now, MaxTTL: 5 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return f
}

// obeys waits until a follower has read what is committed now, and asks it about a session.
func obeys(t *testing.T, f *revocation.Follower, id auth.SessionID, want revocation.Verdict) {
	t.Helper()
	next := f.NextPoll()
	f.Wake()
	select {
	case <-next:
	case <-time.After(20 * time.Second):
		t.Fatal("the feed was not read in 20 s")
	}
	if got := f.Check(revocation.Token{Sid: id.String()}); got != want {
		t.Errorf("session %s: got %v, want %v", id, got, want)
	}
}

func ended(t *testing.T, s *Store, id auth.SessionID) {
	t.Helper()
	if _, err := s.End(t.Context(), deathsOf(id), 7); err != nil {
		t.Fatal(err)
	}
}

// A serial number is given before the commit, so a feed in its order skips who commits late. Numbers
// under the head are given in the order of commits.
func TestC14AFollowerMissesNothingOfATransactionThatStallsAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	s, ids := headed(t, 3)
	f := follows(t, s)
	tx, pid := holder(t, s)
	if _, err := tx.Exec(t.Context(), `select from sessions where session_id = $1 for update`, ids[0]); err != nil {
		t.Fatal(err)
	}
	stalled := make(chan error, 1)
	go func() {
		_, err := s.End(t.Context(), deathsOf(ids[0]), 3)
		stalled <- err
	}()
	awaitBlocked(t, s, pid, 1)
	for _, id := range ids[1:] {
		ended(t, s, id)
		obeys(t, f, id, revocation.Dead)
	}
	obeys(t, f, ids[0], revocation.Alive)
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-stalled; err != nil {
		t.Fatal(err)
	}
	obeys(t, f, ids[0], revocation.Dead)
	if entries := f.Entries(0, 10, nil); len(entries) != 3 || entries[2].Mark != 3 {
		t.Errorf("the feed is %+v, want three entries, the stalled one last", entries)
	}
}

// A feed in the order of transaction ids, which is read up to the oldest that is open, would wait for
// any transaction of the cluster, and for an orphan of a two-phase commit for ever.
func TestC16TransactionsThatAreLeftOpenDoNotStallTheFeed(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, pgtest.Config{Settings: []string{"max_prepared_transactions=2"}})
	s := migrated(t, server.URL())
	if _, err := s.RaiseHead(t.Context(), "feed", 5*time.Minute, time.Minute); err != nil {
		t.Fatal(err)
	}
	ids := fill(t, s, 2)
	must(t, s.pool, `create table elsewhere (i int)`)
	tx, _ := holder(t, s)
	if _, err := tx.Exec(t.Context(), `insert into elsewhere values (1)`); err != nil {
		t.Fatal(err)
	}
	must(t, s.pool, `begin; insert into elsewhere values (2); prepare transaction 'orphan'`)
	f := follows(t, s)
	for _, id := range ids {
		before, err := s.Clock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ended(t, s, id)
		obeys(t, f, id, revocation.Dead)
		after, err := s.Clock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if asOf := f.AsOf(); asOf.Before(before) || asOf.After(after) {
			t.Errorf("as_of is %v, want it between %v and %v", asOf, before, after)
		}
	}
	var open int
	const stillOpen = `select (select count(*) from pg_prepared_xacts) +
		(select count(*) from pg_stat_activity where backend_xid is not null and state = 'idle in transaction')`
	if err := s.pool.QueryRow(t.Context(), stillOpen).Scan(&open); err != nil || open != 2 {
		t.Errorf("%d transactions were open all the time (%v), want 2", open, err)
	}
}

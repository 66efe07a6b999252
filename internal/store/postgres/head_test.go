//go:build unix

package postgres

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// Whoever waits for the head has read neither clock nor lifetime nor number yet: all three are those of
// the moment when the head is its own. A kill that counted from before the wait would be forgotten while
// a token lives that a third one signed meanwhile.
func TestUntilCountsFromWhenTheHeadIsHeldNotFromWhenItWasAskedFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		meddle  string // what the holder of the head does to it
		end     func(pgx.Tx, *testing.T) error
		wantSeq int64
		longest time.Duration
	}{
		{"the holder added entries and raised the lifetime", `update feed_head set seq = seq + 3, max_ttl = 900`,
			func(tx pgx.Tx, t *testing.T) error { return tx.Commit(t.Context()) }, 5, 15 * time.Minute},
		{"the holder thought better of it", `update feed_head set seq = seq + 3, max_ttl = 900`,
			func(tx pgx.Tx, t *testing.T) error { return tx.Rollback(t.Context()) }, 2, 5 * time.Minute},
		{"the holder only looked", `select from feed_head for update`,
			func(tx pgx.Tx, t *testing.T) error { return tx.Commit(t.Context()) }, 2, 5 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, ids := headed(t, 2)
			tx, pid := holder(t, s)
			if _, err := tx.Exec(t.Context(), c.meddle); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() {
				_, err := s.End(t.Context(), deathsOf(ids...), 7)
				done <- err
			}()
			awaitBlocked(t, s, pid, 1)
			released, err := s.Clock(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := c.end(tx, t); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			after, err := s.Clock(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			entries, head, err := s.entries(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			if head.Seq != c.wantSeq || len(entries) != 2 || entries[0].Seq != c.wantSeq-1 || entries[1].Seq != c.wantSeq {
				t.Errorf("the head is at %d, want %d, with the entries %v", head.Seq, c.wantSeq, entries)
			}
			earliest, latest := revocation.Until(released, c.longest), revocation.Until(after, c.longest)
			for _, e := range entries {
				if e.Until.Before(earliest) || e.Until.After(latest) {
					t.Errorf("until is %v, want between %v and %v", e.Until, earliest, latest)
				}
			}
			if head.AsOf.After(after) {
				t.Errorf("as_of is %v, after the commit at %v", head.AsOf, after)
			}
		})
	}
}

// G7: batches that share sessions wait for each other. A deadlock would end one of them in a conflict,
// after a second.
func TestBatchesThatShareSessionsDoNotDeadlock(t *testing.T) {
	t.Parallel()
	s, ids := headed(t, 40)
	var user auth.UserID
	if err := s.pool.QueryRow(t.Context(), `select user_id from sessions where session_id = $1`,
		uuid(ids[0])).Scan((*[16]byte)(&user)); err != nil {
		t.Fatal(err)
	}
	must(t, s.pool, `update sessions set user_id = $1`, uuid(user))
	backwards := slices.Clone(ids)
	slices.Reverse(backwards)
	// The guard has the greatest id, so that locking it first would be the wrong order.
	guard := slices.MaxFunc(ids, func(a, b auth.SessionID) int { return bytes.Compare(a[:], b[:]) })
	others := slices.DeleteFunc(deathsOf(backwards...), func(d tokens.Death) bool { return d.Session == guard })

	works := []func() error{
		func() error { _, err := s.Rotate(t.Context(), rotationsOf(ids, 1)); return err },
		func() error { _, err := s.Rotate(t.Context(), rotationsOf(backwards, 1)); return err },
		func() error { _, err := s.End(t.Context(), deathsOf(ids...), 7); return err },
		func() error { _, err := s.End(t.Context(), deathsOf(backwards...), 8); return err },
		func() error {
			_, err := s.ChangeUser(t.Context(), tokens.UserChange{User: user, Version: 1, Guard: guard, End: others}, 9)
			return err
		},
	}
	for range 30 {
		must(t, s.pool, `update users set row_version = 1`)
		must(t, s.pool, `update sessions set ended_at = null, end_reason = null, row_version = 1`)
		errs := make(chan error, len(works))
		for _, work := range works {
			go func() { errs <- work() }()
		}
		for range works {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
	}
}

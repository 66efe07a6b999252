//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/store/pgtest"
	"github.com/authd/authd/internal/tokens"
)

// B13, G4: whoever does not hear of a commit says so, and may do the same again.
// Nothing but the commit itself makes a write happen.
func TestAConnectionThatIsCutInAWriteIsUnavailableAndTheWriteIsWholeOrNotThere(t *testing.T) {
	t.Parallel()
	s, ids := headed(t, 100)
	store, line := tapped(t, s)
	for _, c := range []struct {
		name     string
		messages int
		write    func(target int) (done bool, err error) // done is false if the target was written before
	}{
		{"Rotate", 1, func(target int) (bool, error) {
			written, err := store.Rotate(t.Context(), rotationsOf(ids[target:target+1], 1))
			return len(written) == 1, err
		}},
		{"Rotate of two", 1, func(target int) (bool, error) {
			written, err := store.Rotate(t.Context(), rotationsOf(ids[20+2*target:22+2*target], 1))
			return len(written) == 2, err
		}},
		{"End", 1, func(target int) (bool, error) {
			ended, err := store.End(t.Context(), deathsOf(ids[40+target]), 7)
			return len(ended) == 1, err
		}},
		{"ChangeUser", 2, func(target int) (bool, error) {
			loaded, _, err := s.LoadSessions(t.Context(), ids[60+target:61+target])
			if err != nil {
				return false, err
			}
			return store.ChangeUser(t.Context(), tokens.UserChange{User: loaded[0].User, Version: 1,
				Guard: loaded[0].ID, End: deathsOf(loaded[0].ID), RaiseEpoch: true}, 7)
		}},
		{"ChangeKeyring", 1, func(target int) (bool, error) {
			return store.ChangeKeyring(t.Context(), tokens.KeyringChange{Version: int64(target), Secrets: []tokens.SealedSecret{
				{Name: fmt.Sprintf("refresh.%d", target), Sealed: []byte{1}, CreatedAt: time.Now()}}}, 7)
		}},
		{"CreateUser", 1, func(target int) (bool, error) {
			_, err := store.CreateUser(t.Context(), accounts.User{ID: auth.UserID{byte(target)}, Username: fmt.Sprint(target), Epoch: 1}, "hash")
			if errors.Is(err, accounts.ErrUsernameTaken) {
				return false, nil
			}
			return err == nil, err
		}},
	} {
		target := 0
		for at := 1; at <= c.messages; at++ {
			for _, answer := range []bool{false, true} {
				// The first write of a connection prepares the statements, in a message of their own.
				if done, err := c.write(target); err != nil || !done {
					t.Fatalf("%s: %t, %v", c.name, done, err)
				}
				line.cutNext(at, answer)
				if _, err := c.write(target + 1); !errors.Is(err, auth.ErrUnavailable) {
					t.Errorf("%s, cut at message %d: %v, want unavailable", c.name, at, err)
				}
				done, err := c.write(target + 1)
				if err != nil {
					t.Errorf("%s again: %v", c.name, err)
				}
				if happened := !done; happened != (answer && at == c.messages) {
					t.Errorf("%s, cut at message %d (answer: %t) happened: %t", c.name, at, answer, happened)
				}
				target += 2
			}
		}
	}
	_, head, err := s.entries(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(4 + 2*8); head.Seq != want {
		t.Errorf("the head is at %d, want %d: one entry for each of 4 ends, two for each of 8 changes", head.Seq, want)
	}
}

// G2, B12: what a client waits for when it gives up is not written by halves.
func TestAWriteWhoseContextEndsWhileItWaitsIsUnavailable(t *testing.T) {
	t.Parallel()
	s, ids := headed(t, 2)
	tx, pid := holder(t, s)
	if _, err := tx.Exec(t.Context(), `select from feed_head for update`); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := s.End(ctx, deathsOf(ids...), 7)
		done <- err
	}()
	awaitBlocked(t, s, pid, 1)
	cancel()
	if err := <-done; !errors.Is(err, auth.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("End: %v, want unavailable, because of the context", err)
	}
}

// G8: who finds every connection in use is told soon, and a call that is over gives its own back.
func TestAnExhaustedPoolIsUnavailable(t *testing.T) {
	t.Parallel()
	s := opened(t, Config{URL: pgtest.New(t), MaxConns: 1, CallTimeout: time.Hour})
	conn, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Clock(t.Context()); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("Clock: %v, want unavailable", err)
	}
	conn.Release()
	if _, err := s.Clock(t.Context()); err != nil {
		t.Errorf("Clock: %v", err)
	}
}

// One user who asks in a loop, whatever he asks, must not keep the others from refreshing and from logging out.
func TestG8TheLanesDoNotWaitForWhoeverElseUsesTheStore(t *testing.T) {
	t.Parallel()
	other, ids := headed(t, 2)
	s := opened(t, Config{URL: other.config.URL, MaxConns: 3, CallTimeout: time.Hour})
	conn, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := s.Clock(t.Context()); !errors.Is(err, auth.ErrUnavailable) {
		t.Fatalf("Clock: %v, want unavailable: there is a connection left", err)
	}
	rows, _, err := s.LoadSessions(t.Context(), ids)
	if err != nil || len(rows) != len(ids) {
		t.Fatalf("LoadSessions: %d rows, %v", len(rows), err)
	}
	if _, err := s.Rotate(t.Context(), rotationsOf(ids, rows[0].RowVersion)); err != nil {
		t.Errorf("Rotate: %v", err)
	}
	if ended, err := s.End(t.Context(), deathsOf(ids...), 7); err != nil || len(ended) != len(ids) {
		t.Errorf("End: %d ended, %v", len(ended), err)
	}
}

// G5: a replica, or a primary that was demoted, is no place for writes. Connections that lead there are
// given up.
func TestAServerThatOnlyReadsIsUnavailableAndItsConnectionsAreDropped(t *testing.T) {
	t.Parallel()
	s, ids := headed(t, 1)
	readOnly := s.config.URL + "&default_transaction_read_only=on"

	if _, err := opened(t, Config{URL: readOnly}).Clock(t.Context()); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("Clock: %v, want unavailable: the connection is refused", err)
	}
	demoted := opened(t, Config{URL: readOnly + "&target_session_attrs=any"})
	for _, wantConnections := range []int64{1, 2} {
		if _, err := demoted.End(t.Context(), deathsOf(ids...), 7); !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("End: %v, want unavailable", err)
		}
		if got := demoted.lanes.Stat().NewConnsCount(); got != wantConnections {
			t.Errorf("%d connections were made, want %d", got, wantConnections)
		}
	}
	assertUntouched(t, s, ids)
}

// G1, G2: a store outlives its server, whichever way that went, and is opened before it is there.
func TestAServerThatWentAwayIsUnavailableAndItsReturnIsEnough(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, pgtest.Config{})
	s := migrated(t, server.Schema(t))
	fill(t, s, 10)
	for _, c := range []struct {
		name string
		end  func() error
	}{{"stopped", server.Stop}, {"killed", server.Kill}} {
		if _, err := s.Clock(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.end(); err != nil {
			t.Fatal(err)
		}
		early := opened(t, Config{URL: s.config.URL})
		for range 3 {
			for name, store := range map[string]*Store{"a store that was connected": s, "a store that never was": early} {
				if _, err := store.Clock(t.Context()); !errors.Is(err, auth.ErrUnavailable) {
					t.Errorf("%s: %s: Clock: %v, want unavailable", c.name, name, err)
				}
				if err := store.Migrate(t.Context()); !errors.Is(err, auth.ErrUnavailable) {
					t.Errorf("%s: %s: Migrate: %v, want unavailable", c.name, name, err)
				}
			}
		}
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		for name, store := range map[string]*Store{"a store that was connected": s, "a store that never was": early} {
			if _, err := store.Clock(t.Context()); err != nil {
				t.Errorf("%s, and back: %s: %v", c.name, name, err)
			}
		}
	}
}

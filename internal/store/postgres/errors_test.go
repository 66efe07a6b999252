//go:build unix

package postgres

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// G9: one row that somebody holds must not hold up a batch for long.
func TestALockThatDoesNotComeIsAConflictAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	s, ids := headed(t, 3)
	impatient := opened(t, Config{URL: s.config.URL, LockTimeout: 20 * time.Millisecond})
	user, _ := ownerOf(t, s, ids[2])
	tx, _ := holder(t, s)
	if _, err := tx.Exec(t.Context(), `select from sessions where session_id = $1 for update`, uuid(ids[2])); err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func() error{
		"Rotate":        func() error { _, err := impatient.Rotate(t.Context(), rotationsOf(ids, 1)); return err },
		"Rotate of one": func() error { _, err := impatient.Rotate(t.Context(), rotationsOf(ids[2:], 1)); return err },
		"End":           func() error { _, err := impatient.End(t.Context(), deathsOf(ids...), 7); return err },
		"ChangeUser": func() error {
			_, err := impatient.ChangeUser(t.Context(), tokens.UserChange{User: user.ID, Version: user.RowVersion,
				End: deathsOf(ids[2]), RaiseEpoch: true}, 7)
			return err
		},
	} {
		if err := write(); !errors.Is(err, tokens.ErrWriteConflict) {
			t.Errorf("%s: %v, want a write conflict", name, err)
		}
	}
	assertUntouched(t, s, ids)
}

// G6: the server ends one of two transactions that wait for each other. What it undid is a conflict.
func TestADeadlockIsAConflict(t *testing.T) {
	t.Parallel()
	s, ids := headed(t, 2)
	low, high := ids[0], ids[1]
	if string(low[:]) > string(high[:]) {
		low, high = high, low
	}
	tx, pid := holder(t, s)
	lock := func(id auth.SessionID) error {
		_, err := tx.Exec(t.Context(), `select from sessions where session_id = $1 for update`, uuid(id))
		return err
	}
	if err := lock(high); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := s.End(t.Context(), deathsOf(ids...), 7)
		done <- err
	}()
	awaitBlocked(t, s, pid, 1) // it has low and waits for high
	if err := lock(low); err != nil {
		_ = tx.Rollback(t.Context()) // the server chose us
		if err := <-done; err != nil {
			t.Errorf("nobody won: %v", err)
		}
		return
	}
	if err := <-done; !errors.Is(err, tokens.ErrWriteConflict) {
		t.Errorf("End: %v, want a write conflict", err)
	}
	_ = tx.Rollback(t.Context())
	assertUntouched(t, s, ids)
}

// Errors end in logs. What PostgreSQL adds as detail quotes rows, some messages quote parameters, and
// the driver's own errors carry the password.
func TestErrorsHoldNoValues(t *testing.T) {
	t.Parallel()
	s, _ := headed(t, 0)
	id := auth.UserID{0xab, 0xcd, 0xef}
	if _, err := s.CreateUser(t.Context(), accounts.User{ID: id, Username: "ann", Epoch: 1}, "hash"); err != nil {
		t.Fatal(err)
	}
	secret := "hunter2"
	address, err := url.Parse(s.config.URL)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword("authd", secret)
	stranger := opened(t, Config{URL: address.String()})
	for name, provoke := range map[string]func() error{
		"a taken id": func() error {
			_, err := s.CreateUser(t.Context(), accounts.User{ID: id, Username: secret, Epoch: 1}, secret)
			return err
		},
		"bytes that are no text": func() error {
			_, _, err := s.UserByName(t.Context(), "abcdef\xff")
			return err
		},
		"a wrong password": func() error { _, err := stranger.Clock(t.Context()); return err },
		"a URL that is malformed": func() error {
			_, err := Open(t.Context(), Config{URL: "postgres://authd:" + secret + "@[/x?y=%zz"})
			return err
		},
	} {
		err := provoke()
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
			for _, value := range []string{secret, "abcdef", "0xff"} {
				if strings.Contains(text, value) {
					t.Errorf("%s: %q holds %q", name, text, value)
				}
			}
		}
		var answer *pgconn.PgError
		var dial *pgconn.ConnectError
		if errors.As(err, &answer) || errors.As(err, &dial) {
			t.Errorf("%s: the driver's error is still in %v", name, err)
		}
	}
}

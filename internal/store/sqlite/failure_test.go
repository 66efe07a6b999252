package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

func now() time.Time { return time.Now() }

// run runs a statement of a test.
func (s *Store) run(t *testing.T, text string, args ...any) {
	t.Helper()
	err := s.write(t.Context(), "run", func(ctx context.Context, l *link) error {
		_, err := l.exec(ctx, text, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// count runs a query of a test, of one number.
func (s *Store) count(t *testing.T, text string, args ...any) (n int64) {
	t.Helper()
	err := s.read(t.Context(), "count", func(ctx context.Context, l *link) (err error) {
		n, err = one(ctx, l, text, scanInt, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func userNamed(name string) accounts.User {
	return accounts.User{ID: auth.UserID(randomID()), Username: name, Epoch: 1}
}

// G10: a full disk is no answer about a token. When there is room again, the store goes on.
func TestAFullDiskIsUnavailableAndNothingIsHalfWritten(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	limit := func(pages int64) {
		t.Helper()
		err := s.writer.with(t.Context(), "limit", func(ctx context.Context, l *link) error {
			_, err := one(ctx, l, "pragma max_page_count = "+decimal(pages), scanInt)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit(s.count(t, "select page_count from pragma_page_count"))
	user := userNamed("ann")
	user.Roles = []string{strings.Repeat("r", 100_000)} // needs pages of its own
	_, err := s.CreateUser(t.Context(), user, "hash")
	if !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("a full disk is answered %v, want ErrUnavailable", err)
	}
	if _, found, err := s.UserByID(t.Context(), user.ID); found || err != nil {
		t.Errorf("the user is there: %t, error %v", found, err)
	}
	limit(1 << 30)
	if _, err := s.CreateUser(t.Context(), user, "hash"); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// A request that gave up must not have half of its change made, nor all of it.
func TestAnEndedContextIsUnavailableAndWritesNothing(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	user := userNamed("ann")
	if _, err := s.CreateUser(ended, user, "hash"); !errors.Is(err, auth.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("a write answers %v", err)
	}
	if _, _, err := s.LoadSessions(ended, nil); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("a read answers %v", err)
	}
	if _, found, err := s.UserByID(t.Context(), user.ID); found || err != nil {
		t.Errorf("the user is there: %t, error %v", found, err)
	}
}

func TestAContextThatEndsInTheQueueEndsTheWait(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	ctx, cancel := context.WithCancel(t.Context())
	err := s.write(t.Context(), "hold the writer", func(context.Context, *link) error {
		done := make(chan error)
		go func() { done <- s.RaiseGreatestCost(ctx, 12) }()
		cancel()
		if err := <-done; !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("who waited is answered %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// B14: who hangs up does not leave a commit in doubt.
func TestATransactionThatHasBegunRunsToItsEnd(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	ctx, cancel := context.WithCancel(t.Context())
	err := s.write(ctx, "raise the cost", func(ctx context.Context, l *link) error {
		cancel()
		_, err := l.exec(ctx, raiseGreatestCost, 12)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if got := s.count(t, "select greatest from password_cost"); got != 12 {
		t.Errorf("the cost is %d, want 12", got)
	}
}

// H7: a panic must not keep the one write connection, nor its transaction.
func TestAPanicRollsBackAndGivesTheConnectionBack(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = s.write(t.Context(), "panic", func(ctx context.Context, l *link) error {
			if _, err := l.exec(ctx, raiseGreatestCost, 31); err != nil {
				return err
			}
			panic("on purpose")
		})
	}()
	if err := s.RaiseGreatestCost(t.Context(), 12); err != nil {
		t.Fatal(err)
	}
	if got := s.count(t, "select greatest from password_cost"); got != 12 {
		t.Errorf("the cost is %d, want 12", got)
	}
}

// A connection in an unknown state is not lent again.
func TestAConnectionWhoseRollbackFailedIsReplaced(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	failed := errors.New("on purpose")
	var first, second *link
	err := s.write(t.Context(), "fail", func(ctx context.Context, l *link) error {
		first = l
		_, err := l.exec(ctx, "commit") // so that there is nothing to roll back
		return errors.Join(failed, err)
	})
	if !errors.Is(err, failed) {
		t.Errorf("the error is %v", err)
	}
	err = s.write(t.Context(), "go on", func(ctx context.Context, l *link) error {
		second = l
		_, err := l.exec(ctx, raiseGreatestCost, 12)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if first == second {
		t.Error("the connection was lent again")
	}
}

// Values do not travel in errors: they may be a password hash, and errors are logged.
func TestAnErrorNamesWhatWasDoneAndNoValue(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	const secret = "canary"
	user := userNamed(secret)
	for range 2 {
		_, err := s.CreateUser(t.Context(), user, secret)
		if err == nil {
			continue
		}
		if text := err.Error(); !strings.HasPrefix(text, "create a user: ") || strings.Contains(text, secret) {
			t.Errorf("the error is %q", text)
		}
	}
	session := tokens.Session{ID: auth.SessionID(randomID()), User: auth.UserID(randomID()), Device: secret,
		CreatedAt: now(), RotatedAt: now(), IdleEndsAt: now(), EndsAt: now()} // of nobody
	_, err := s.ChangeUser(t.Context(), tokens.UserChange{User: user.ID, Version: 1, Open: &session}, 1)
	if err == nil || strings.Contains(err.Error(), secret) || auth.KindOf(err) != auth.Internal {
		t.Errorf("a session of nobody is answered %v, want an error of kind Internal", err)
	}
}

package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// peerFile and peerTask make the test binary a second process on a file: a command beside a server.
const (
	peerFile = "AUTHD_TEST_PEER_FILE"
	peerTask = "AUTHD_TEST_PEER_TASK"
)

func TestMain(m *testing.M) {
	path := os.Getenv(peerFile)
	if path == "" {
		os.Exit(m.Run())
	}
	if err := bePeer(path, os.Getenv(peerTask)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func bePeer(path, task string) error {
	ctx := context.Background()
	s, err := Open(ctx, Config{Path: path, Now: now})
	if err != nil {
		return err
	}
	defer s.Close()
	if task == "create" {
		_, err = s.CreateUser(ctx, userNamed("made by a command"), "hash")
		return err
	}
	return s.write(ctx, "hold the lock", func(ctx context.Context, l *link) error {
		fmt.Println("held")
		_, err := io.Copy(io.Discard, os.Stdin) // until the test says so
		return err
	})
}

func peer(t *testing.T, path, task string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self)
	c.Env = append(os.Environ(), peerFile+"="+path, peerTask+"="+task)
	c.Stderr = os.Stderr
	return c
}

func TestWhatACommandWritesIsSeenByARunningServer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "authd.db")
	s := migrated(t, path)
	if _, found, err := s.UserByName(t.Context(), "made by a command"); found || err != nil {
		t.Fatalf("found before: %t, error %v", found, err)
	}
	if err := peer(t, path, "create").Run(); err != nil {
		t.Fatal(err)
	}
	if _, found, err := s.UserByName(t.Context(), "made by a command"); !found || err != nil {
		t.Errorf("found: %t, error %v", found, err)
	}
}

// A command that holds the lock keeps writers out, for no longer than the busy timeout, and readers not
// at all.
func TestALockHeldByAnotherProcessIsAWriteConflictAndNoHindranceToReads(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "authd.db")
	s := migrated(t, path)
	user := userNamed("ann")
	if _, err := s.CreateUser(t.Context(), user, "hash"); err != nil {
		t.Fatal(err)
	}
	holder := peer(t, path, "hold")
	stdin, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "held\n" {
		t.Fatalf("the peer says %q, error %v", line, err)
	}

	err = s.writer.with(t.Context(), "wait less", func(ctx context.Context, l *link) error {
		_, err := one(ctx, l, "pragma busy_timeout = 20", scanInt)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	rename := tokens.UserChange{User: user.ID, Version: 1, PasswordHash: "another"}
	if _, err := s.ChangeUser(t.Context(), rename, 1); !errors.Is(err, tokens.ErrWriteConflict) || auth.KindOf(err) != auth.Unavailable {
		t.Errorf("a write answers %v, want ErrWriteConflict", err)
	}
	if _, _, _, found, err := s.LoadUser(t.Context(), user.ID); !found || err != nil {
		t.Errorf("a read finds the user: %t, error %v", found, err)
	}

	if err := errors.Join(stdin.Close(), holder.Wait()); err != nil {
		t.Fatal(err)
	}
	if applied, err := s.ChangeUser(t.Context(), rename, 1); !applied || err != nil {
		t.Errorf("the same write afterwards: applied %t, error %v", applied, err)
	}
}

// A process that is killed while it writes leaves a lock that the kernel takes back, and no rows.
func TestAProcessKilledInATransactionLeavesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "authd.db")
	s := migrated(t, path)
	holder := peer(t, path, "hold")
	stdout, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "held\n" {
		t.Fatalf("the peer says %q, error %v", line, err)
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait() // says that it was killed
	if err := s.RaiseGreatestCost(t.Context(), 12); err != nil {
		t.Error(err)
	}
}

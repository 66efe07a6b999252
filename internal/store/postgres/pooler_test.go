//go:build unix

package postgres

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/store/pgtest"
)

// sessionState is what a pooler that lends a connection for one transaction takes away, or hands to
// somebody else: it belongs to the connection and not to the transaction.
var sessionState = regexp.MustCompile(`(?i)\b(notify|listen|unlisten|temp|temporary|deallocate|declare|discard|load|` +
	`prepare|execute|currval|lastval|reset)\b|advisory|pg_notify|^\s*set\b|\bset\s+(session|local)\b|set_config\([^()]*,\s*false\)`)

// C22: whatever PgBouncer or CockroachDB do not have, no statement asks for.
func TestC22NoStatementLeavesAnythingBehindOnItsConnection(t *testing.T) {
	t.Parallel()
	for name, statement := range statements(t) {
		if found := sessionState.FindString(statement); found != "" {
			t.Errorf("%s says %q", name, found)
		}
	}
	for _, caught := range []string{
		"listen kills", "select pg_notify('kills', '')", "select pg_try_advisory_xact_lock(1)", "set search_path = a",
		"create temp table a ()", "select set_config('lock_timeout', '1', false)", "prepare a as select 1", "select currval('a')",
	} {
		if !sessionState.MatchString(caught) {
			t.Errorf("would not find %q", caught)
		}
	}
}

// C22: kills are written and followed through a pooler that has two connections, lends them for one
// transaction each and knows no prepared statements.
func TestC22TheFeedIsFollowedThroughATransactionPooler(t *testing.T) {
	t.Parallel()
	direct := pgtest.NewServer(t, pgtest.Config{}).URL()
	s := migrated(t, direct)
	if _, err := s.RaiseHead(t.Context(), "feed", 5*time.Minute, time.Minute); err != nil {
		t.Fatal(err)
	}
	ids := fill(t, s, 8)
	pooled := pooler(t, direct)
	writer, reader := opened(t, Config{URL: pooled}), opened(t, Config{URL: pooled})
	f, other := follows(t, reader), follows(t, writer)
	for _, id := range ids {
		ended(t, writer, id)
		obeys(t, f, id, revocation.Dead)
		obeys(t, other, id, revocation.Dead)
	}
	if got, want := f.Entries(0, 10, nil), other.Entries(0, 10, nil); len(got) != 8 || len(want) != 8 {
		t.Errorf("one has read %d entries, the other %d, want 8", len(got), len(want))
	}
	if err := writer.Vouch(t.Context(), f.AsOf()); err != nil {
		t.Error(err)
	}
}

// pooler runs PgBouncer before a database, if it is installed.
func pooler(t *testing.T, direct string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program = "/usr/sbin/pgbouncer"; exec.Command(program, "--version").Run() != nil {
			t.Skip("pgbouncer is not installed: what it needs of statements is tested on their text")
		}
	}
	to, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := to.User.Password()
	port := freePort(t)
	config := filepath.Join(t.TempDir(), "pgbouncer.ini")
	text := fmt.Sprintf(`[databases]
authd = host=127.0.0.1 port=%s dbname=%s user=%s password=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
`, to.Port(), to.Path[1:], to.User.Username(), password, port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{config}
	if os.Geteuid() == 0 { // it refuses to be root
		args = []string{"--user=nobody", config}
	}
	cmd := exec.Command(program, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // of whoever was killed
	})
	awaitListening(t, fmt.Sprintf("127.0.0.1:%d", port))
	return fmt.Sprintf("postgres://authd@127.0.0.1:%d/authd?sslmode=disable&default_query_exec_mode=exec", port)
}

func awaitListening(t *testing.T, address string) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for range 500 {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		<-again.C
	}
	t.Fatal("pgbouncer does not listen")
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

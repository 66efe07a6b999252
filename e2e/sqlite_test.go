//go:build unix

package e2e

import (
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver
)

type sqliteRows struct{ file string }

func (d *sqliteRows) open(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+d.file+"?mode=rw&_pragma=busy_timeout(20000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// hold takes the lock that all writers of the file share.
func (d *sqliteRows) hold(t testing.TB, _ string) (release func()) {
	t.Helper()
	conn, err := d.open(t).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := conn.ExecContext(t.Context(), "begin immediate"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := conn.ExecContext(t.Context(), "rollback"); err != nil {
			t.Error(err)
		}
	}
}

// awaitWaiter waits until the process has read the request: who waits for SQLite's lock asks for it
// again and again, and shows that to nobody. Where the system does not tell that much either it returns
// at once. The lock is held all the while, so what a test proves does not depend on this; it only
// brings the process further.
func (d *sqliteRows) awaitWaiter(t testing.TB, p *process, sent net.Conn) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return
	}
	from := fmt.Sprintf(":%04X ", sent.LocalAddr().(*net.TCPAddr).Port)
	eventually(t, "authd reads the request", func() bool {
		table, err := os.ReadFile("/proc/net/tcp")
		if err != nil {
			t.Fatal(err)
		}
		return received(string(table), p.addr, from)
	})
}

// received looks in the table of connections for the one that ends at addr and comes from a port, and
// reports whether its receive queue is empty.
func received(table, addr, from string) bool {
	_, port, _ := strings.Cut(addr, ":")
	var n int
	_, _ = fmt.Sscan(port, &n)
	to := fmt.Sprintf(":%04X", n)
	for line := range strings.Lines(table) {
		// sl local_address rem_address st tx_queue:rx_queue …
		fields := strings.Fields(line)
		if len(fields) > 4 && strings.HasSuffix(fields[1], to) && strings.HasSuffix(fields[2]+" ", from) {
			return strings.HasSuffix(fields[4], ":00000000")
		}
	}
	return false
}

// bury has nothing to do: what a process does in a file ends with it.
func (d *sqliteRows) bury(testing.TB, *process) {}

func (d *sqliteRows) generation(t testing.TB, session string) (n uint32) {
	t.Helper()
	key := sessionKey(t, session)
	if err := d.open(t).QueryRowContext(t.Context(), selectGeneration, key[:]).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (d *sqliteRows) feed(t testing.TB) feed {
	t.Helper()
	db := d.open(t)
	f := feed{sessions: make(map[[12]byte]int)}
	rows, err := db.QueryContext(t.Context(), selectFeed)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		var kind string
		var subject []byte
		if err := rows.Scan(&seq, &kind, &subject); err != nil {
			t.Fatal(err)
		}
		f.add(seq, kind, subject)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRowContext(t.Context(), selectHead).Scan(&f.head); err != nil {
		t.Fatal(err)
	}
	return f
}

// backup copies the database as it is, beside a running server.
func (d *sqliteRows) backup(t testing.TB) (copied string) {
	t.Helper()
	copied = filepath.Join(t.TempDir(), "backup.db")
	db := d.open(t)
	if _, err := db.ExecContext(t.Context(), "vacuum into ?", copied); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil { // whoever closes it last removes the log, by its name
		t.Fatal(err)
	}
	return copied
}

// restore puts a copy in the place of the database, without the log of the one that was there. Nothing
// may have it open.
func (d *sqliteRows) restore(t testing.TB, copied string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(d.file + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if err := os.Rename(copied, d.file); err != nil {
		t.Fatal(err)
	}
}

//go:build unix

package e2e

import (
	"cmp"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/authd/authd/internal/store/pgtest"
)

type postgresRows struct{ url string }

const (
	lockSession = `
select 1
  from sessions
 where session_id = $1
   for update`
	selectGeneration = `
select generation
  from sessions
 where session_id = $1`
	countWaiters = `
select count(*)
  from pg_stat_activity
 where application_name = $1
   and wait_event_type = 'Lock'`
	endBackends = `
select pg_terminate_backend(pid)
  from pg_stat_activity
 where application_name = $1`
	countBackends = `
select count(*)
  from pg_stat_activity
 where application_name = $1`
	selectFeed = `
select seq, kind, subject
  from kills
 order by seq`
	selectHead = `
select seq
  from feed_head`
	selectTables = `
select table_name
  from information_schema.tables
 where table_schema = current_schema()
   and table_type = 'BASE TABLE'
   and table_name not like 'copied\_%'`
)

func (d *postgresRows) connect(t testing.TB) *pgx.Conn {
	t.Helper()
	return pgtest.Connect(t, d.url)
}

func (d *postgresRows) hold(t testing.TB, session string) (release func()) {
	t.Helper()
	tx, err := d.connect(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var one int
	if err := tx.QueryRow(t.Context(), lockSession, sessionKey(t, session)).Scan(&one); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func (d *postgresRows) count(t testing.TB, conn *pgx.Conn, statement string, p *process) (n int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), statement, p.name).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (d *postgresRows) awaitWaiter(t testing.TB, p *process, _ net.Conn) {
	t.Helper()
	conn := d.connect(t)
	eventually(t, "authd waits for the row", func() bool { return d.count(t, conn, countWaiters, p) > 0 })
}

// bury waits until the server has noticed. A backend that waits for a lock does not look whether its
// client still lives, so without this it would go on when it gets the lock, and commit.
func (d *postgresRows) bury(t testing.TB, p *process) {
	t.Helper()
	conn := d.connect(t)
	if _, err := conn.Exec(t.Context(), endBackends, p.name); err != nil {
		t.Fatal(err)
	}
	eventually(t, "PostgreSQL ends the backends", func() bool { return d.count(t, conn, countBackends, p) == 0 })
}

func (d *postgresRows) generation(t testing.TB, session string) (n uint32) {
	t.Helper()
	if err := d.connect(t).QueryRow(t.Context(), selectGeneration, sessionKey(t, session)).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (d *postgresRows) feed(t testing.TB) feed {
	t.Helper()
	conn := d.connect(t)
	f := feed{sessions: make(map[[12]byte]int)}
	rows, err := conn.Query(t.Context(), selectFeed)
	if err != nil {
		t.Fatal(err)
	}
	var seq int64
	var kind string
	var subject []byte
	if _, err := pgx.ForEachRow(rows, []any{&seq, &kind, &subject}, func() error {
		f.add(seq, kind, subject)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := conn.QueryRow(t.Context(), selectHead).Scan(&f.head); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *feed) add(seq int64, kind string, subject []byte) {
	f.seqs = append(f.seqs, seq)
	if kind == "sid" {
		f.sessions[[12]byte(subject)]++
	}
}

// backup copies every row of one moment into tables beside the others, as a dump would, whose program may
// not be at hand where the database is somebody else's.
func (d *postgresRows) backup(t testing.TB) (copied string) {
	t.Helper()
	d.inTables(t, func(table string) string { return "create table copied_" + table + " as table " + table })
	return "copied_"
}

func (d *postgresRows) restore(t testing.TB, copied string) {
	t.Helper()
	d.inTables(t, func(table string) string { return "truncate " + table + " cascade" })
	d.inTables(t, func(table string) string { return "insert into " + table + " select * from " + copied + table })
}

// inTables runs a statement for each table, those first that others refer to, in one transaction.
func (d *postgresRows) inTables(t testing.TB, statement func(table string) string) {
	t.Helper()
	tx, err := d.connect(t).BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	rows, err := tx.Query(t.Context(), selectTables)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(tables, func(a, b string) int { // users before who refers to them
		return cmp.Or(-cmp.Compare(strings.Count(a, "users"), strings.Count(b, "users")), strings.Compare(a, b))
	})
	for _, table := range tables {
		if _, err := tx.Exec(t.Context(), statement(table)); err != nil {
			t.Fatalf("%s: %v", statement(table), err)
		}
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

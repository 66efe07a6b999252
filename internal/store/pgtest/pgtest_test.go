//go:build unix

package pgtest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/authd/authd/internal/store/pgtest"
)

func exec(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func count(t *testing.T, conn *pgx.Conn, sql string, args ...any) (n int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func TestTwoTestsDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	a, b := pgtest.Connect(t, pgtest.New(t)), pgtest.Connect(t, pgtest.New(t))
	exec(t, a, "create table users (id int)")
	exec(t, b, "create table users (id int)") // would fail in a's schema
	exec(t, a, "insert into users values (1)")
	if got := count(t, b, "select count(*) from users"); got != 0 {
		t.Errorf("the other test's schema has %d rows, want none", got)
	}
}

func TestASchemaIsGoneWhenItsTestEnds(t *testing.T) {
	t.Parallel()
	watcher := pgtest.Connect(t, pgtest.New(t))
	var schema string
	t.Run("inner", func(t *testing.T) {
		conn := pgtest.Connect(t, pgtest.New(t))
		exec(t, conn, "create table users (id int)")
		if err := conn.QueryRow(t.Context(), "select current_schema").Scan(&schema); err != nil {
			t.Fatal(err)
		}
	})
	if got := count(t, watcher, "select count(*) from pg_namespace where nspname = $1", schema); got != 0 {
		t.Errorf("schema %s is still there", schema)
	}
}

func TestAKilledServerKeepsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, pgtest.Config{})
	url := server.Schema(t)
	exec(t, pgtest.Connect(t, url), "create table users (id int)")
	open, err := pgtest.Connect(t, url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	exec(t, pgtest.Connect(t, url), "insert into users values (1)")
	if _, err := open.Exec(t.Context(), "insert into users values (2)"); err != nil {
		t.Fatal(err)
	}

	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := open.Commit(t.Context()); err == nil {
		t.Error("a killed server committed")
	}
	if _, err := pgx.Connect(t.Context(), url); err == nil {
		t.Error("a killed server took a connection")
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if got := count(t, pgtest.Connect(t, url), "select count(*) from users"); got != 1 {
		t.Errorf("got %d rows after the recovery, want the committed one", got)
	}
}

func TestAServerComesBackWhereItWas(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, pgtest.Config{Fsync: true})
	before := server.URL()
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := pgx.Connect(t.Context(), before); err == nil {
		t.Error("a stopped server took a connection")
	}
	if err := server.Stop(); err != nil {
		t.Errorf("a second Stop: %v", err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	conn := pgtest.Connect(t, before)
	var fsync string
	if err := conn.QueryRow(t.Context(), "show fsync").Scan(&fsync); err != nil || fsync != "on" {
		t.Errorf("fsync is %q, %v, want on as configured", fsync, err)
	}
}

// authd must not come to need what an ordinary role may not do.
func TestTheRoleIsAnOrdinaryOne(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t, pgtest.Config{})
	const super = "select count(*) from pg_roles where rolname = current_user and (rolsuper or rolcreaterole or rolcreatedb)"
	if got := count(t, pgtest.Connect(t, server.URL()), super); got != 0 {
		t.Error("the tests' role may do more than own its database")
	}
}

//go:build unix

package main

import (
	"context"
	"database/sql"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite"

	"github.com/authd/authd/internal/store/pgtest"
)

// A million kills that are live for a day: logouts and, every eighth, a user's epoch.
const (
	fillSQLite = `
with recursive numbers(i) as (select 1 union all select i + 1 from numbers where i < 1000000)
insert into kills (seq, kind, subject, value, until, mark)
select i, iif(i % 8, 'sid', 'sub'), randomblob(12), iif(i % 8, 0, i), unixepoch('subsec') * 1000000 + 86400000000, i
  from numbers`

	fillPostgres = `
insert into kills (seq, kind, subject, value, until, mark)
select i, case i % 8 when 0 then 'sub' else 'sid' end, substr(sha256(i::text::bytea), 1, 12),
       case i % 8 when 0 then i else 0 end, now() + interval '1 day', i
  from generate_series(1, 1000000) i`

	filledHead = `update feed_head set seq = 1000000, mark = 1000000`
)

// BenchmarkStartWithAMillionKills starts the program that is shipped on a store with a million live kills
// and ends it when it has answered and its memory has settled. cpu-s is the process's, end included: it
// says more than the time on a machine that does other things too.
// Goals: under 0.7 s, at most 64 MiB.
func BenchmarkStartWithAMillionKills(b *testing.B) {
	b.Run("SQLite", func(b *testing.B) {
		dir := b.TempDir()
		startFull(b, dir, nil, func(ctx context.Context) error {
			db, err := sql.Open("sqlite", filepath.Join(dir, "authd-data", databaseFile))
			if err != nil {
				return err
			}
			defer db.Close()
			if _, err = db.ExecContext(ctx, fillSQLite); err == nil {
				_, err = db.ExecContext(ctx, filledHead)
			}
			return err
		})
	})
	b.Run("PostgreSQL", func(b *testing.B) {
		url := pgtest.New(b)
		environ := []string{"AUTHD_DATABASE_URL=" + url, "AUTHD_MASTER_KEY=" + drawn('m'), "AUTHD_AUTO_MIGRATE=true"}
		startFull(b, b.TempDir(), environ, func(ctx context.Context) error {
			db, err := pgx.Connect(ctx, url)
			if err != nil {
				return err
			}
			defer db.Close(ctx)
			if _, err = db.Exec(ctx, fillPostgres); err == nil {
				_, err = db.Exec(ctx, filledHead)
			}
			return err
		})
	})
}

func startFull(b *testing.B, dir string, environ []string, fill func(context.Context) error) {
	started(b, dir, environ, syscall.SIGINT) // makes the tables and the head
	if err := fill(b.Context()); err != nil {
		b.Fatal(err)
	}
	var cpu time.Duration
	var resident float64
	b.ResetTimer()
	for b.Loop() {
		c := started(b, dir, environ, 0)
		b.StopTimer()
		resident += settledMiB(b, c.cmd.Process.Pid)
		if err := c.end(syscall.SIGINT); err != nil {
			b.Fatal(err)
		}
		cpu += c.cmd.ProcessState.UserTime() + c.cmd.ProcessState.SystemTime()
		b.StartTimer()
	}
	b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s")
	b.ReportMetric(resident/float64(b.N), "MiB-resident")
}

// started starts a server and returns when it has answered a request with 200. A signal ends it then.
func started(b *testing.B, dir string, environ []string, signal syscall.Signal) *child {
	b.Helper()
	c, err := startServer(dir, environ)
	if err == nil {
		err = c.await("serving")
	}
	if err != nil {
		b.Fatal(err)
	}
	response, err := http.Get("http://" + c.addr + "/readyz")
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		b.Fatalf("/readyz: got %d", response.StatusCode)
	}
	if signal != 0 {
		if err := c.end(signal); err != nil {
			b.Fatal(err)
		}
	}
	return c
}

// settledMiB waits until the memory of a process has stopped shrinking for three seconds.
func settledMiB(b *testing.B, pid int) float64 {
	least := residentMiB(b, pid)
	look := time.NewTicker(250 * time.Millisecond)
	defer look.Stop()
	for quiet := 0; quiet < 12; quiet++ {
		<-look.C
		if now := residentMiB(b, pid); now < least {
			least, quiet = now, 0
		}
	}
	return residentMiB(b, pid)
}

//go:build unix

package postgres

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/store/pgtest"
	"github.com/authd/authd/internal/tokens"
)

// stored is how many sessions the benchmarks choose from.
const stored = 100_000

var sizes = []int{1, 16, 64, 256}

// BenchmarkLoadSessions is the read of one batch: random sessions with their users.
func BenchmarkLoadSessions(b *testing.B) {
	s, ids := populated(b)
	for _, size := range sizes {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			for b.Loop() {
				if rows, _, err := s.LoadSessions(b.Context(), pick(ids, size)); err != nil || len(rows) != size {
					b.Fatalf("%d rows, error %v", len(rows), err)
				}
			}
			perItem(b, size)
		})
	}
}

// BenchmarkLoadAndRotate is what the store does for a batch of refreshes, on one connection at a time.
// Its yardstick is BenchmarkOneStatementRotation.
func BenchmarkLoadAndRotate(b *testing.B) {
	s, ids := populated(b)
	for _, size := range sizes {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			before := s.walPosition(b)
			for b.Loop() {
				loadAndRotate(b, s, pick(ids, size))
			}
			perItem(b, size)
			b.ReportMetric(float64(s.walPosition(b)-before)/float64(b.N*size), "WAL-B/session")
		})
	}
}

// BenchmarkEnd is what the store does for a batch of logouts, on one connection at a time.
func BenchmarkEnd(b *testing.B) {
	for _, size := range sizes {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			s, ids := populated(b)
			if _, err := s.RaiseHead(b.Context(), "feed", time.Minute, time.Minute); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			for i := 0; i < b.N; i++ {
				if len(ids) < size {
					b.Fatalf("all %d sessions are ended", stored)
				}
				deaths := make([]tokens.Death, size)
				for i, id := range ids[:size] {
					deaths[i] = tokens.Death{Session: id, Reason: audit.Logout, At: time.Now()}
				}
				ids = ids[size:]
				if _, _, err := s.LoadSessions(b.Context(), nil); err != nil {
					b.Fatal(err)
				}
				if ended, err := s.End(b.Context(), deaths, 7); err != nil || len(ended) != size {
					b.Fatalf("%d ended, error %v", len(ended), err)
				}
			}
			perItem(b, size)
		})
	}
}

// The shape that one row a token asks for: mark the old one as used, insert the new one.
const rotateInOneStatement = `
with spent as (
update bench_tokens
   set used_at = clock_timestamp()
 where token_hash = $1
   and used_at is null
returning session_id)
insert into bench_tokens (token_hash, session_id)
select $2, session_id
  from spent`

// BenchmarkOneStatementRotation is the yardstick: 64 clients on 16 connections, a statement each.
func BenchmarkOneStatementRotation(b *testing.B) {
	s, ids := populated(b)
	config, err := pgxpool.ParseConfig(s.pool.Config().ConnString())
	if err != nil {
		b.Fatal(err)
	}
	config.MaxConns = 16
	pool, err := pgxpool.NewWithConfig(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	must(b, pool, `create table bench_tokens (token_hash bytea not null primary key, session_id uuid not null, used_at timestamptz)`)
	must(b, pool, `create index on bench_tokens (session_id)`)
	must(b, pool, `insert into bench_tokens (token_hash, session_id)
		select sha256(uuid_send(session_id)), session_id from sessions`)
	must(b, pool, `analyze bench_tokens`)
	for _, clients := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			must(b, pool, `delete from bench_tokens where used_at is not null`)
			rows, err := pool.Query(b.Context(), `select token_hash from bench_tokens`)
			if err != nil {
				b.Fatal(err)
			}
			hashes, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
			if err != nil {
				b.Fatal(err)
			}
			rand.Shuffle(len(hashes), func(i, j int) { hashes[i], hashes[j] = hashes[j], hashes[i] })
			b.ResetTimer()
			concurrently(b, clients, func(i int) error {
				next := randomHash()
				tag, err := pool.Exec(b.Context(), rotateInOneStatement, hashes[i%len(hashes)], next[:])
				if err == nil && tag.RowsAffected() != 1 {
					err = fmt.Errorf("%d rows", tag.RowsAffected())
				}
				hashes[i%len(hashes)] = next[:]
				return err
			})
			perItem(b, 1)
		})
	}
	_ = ids
}

// concurrently splits b.N turns among clients.
func concurrently(b *testing.B, clients int, turn func(i int) error) {
	b.Helper()
	var next atomic.Int64
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < b.N; i = int(next.Add(1)) - 1 {
				if err := turn(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}

func loadAndRotate(b testing.TB, s *Store, ids []auth.SessionID) {
	rows, _, err := s.LoadSessions(b.Context(), ids)
	if err != nil {
		b.Fatal(err)
	}
	batch := make([]tokens.Rotation, len(rows))
	for i, row := range rows {
		batch[i] = rotationOf(row.ID, row.RowVersion)
	}
	if written, err := s.Rotate(b.Context(), batch); err != nil || len(written) != len(ids) {
		b.Fatalf("%d written, error %v", len(written), err)
	}
}

func perItem(b *testing.B, size int) {
	items := float64(b.N * size)
	b.ReportAllocs()
	b.ReportMetric(items/b.Elapsed().Seconds(), "sessions/s")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/items, "µs/session")
}

// pick draws distinct ids, sorted as the lanes sort them.
func pick(ids []auth.SessionID, size int) []auth.SessionID {
	chosen := make([]auth.SessionID, 0, size)
	for len(chosen) < size {
		if id := ids[rand.IntN(len(ids))]; !slices.Contains(chosen, id) {
			chosen = append(chosen, id)
		}
	}
	slices.SortFunc(chosen, func(a, b auth.SessionID) int { return bytes.Compare(a[:], b[:]) })
	return chosen
}

// populated stores sessions of a thousand users on a server that flushes as in production.
func populated(b *testing.B) (*Store, []auth.SessionID) {
	b.Helper()
	s := migrated(b, pgtest.NewServer(b, pgtest.Config{Fsync: true}).Schema(b))
	return s, fill(b, s, stored)
}

// walPosition is how many bytes the server has logged.
func (s *Store) walPosition(t testing.TB) (position int64) {
	t.Helper()
	err := s.pool.QueryRow(t.Context(), `select (pg_current_wal_lsn() - '0/0')::bigint`).Scan(&position)
	if err != nil {
		t.Fatal(err)
	}
	return position
}

//go:build unix

package postgres

import (
	"bytes"
	"context"
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

func loadAndRotate(b *testing.B, s *Store, ids []auth.SessionID) {
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

func rotationOf(id auth.SessionID, version int64) tokens.Rotation {
	now := time.Now()
	return tokens.Rotation{
		Session: id, Version: version, Generation: uint32(version) + 1,
		CurrentHash: randomHash(), PreviousHash: randomHash(), Nonce: randomHash(),
		SecretVersion: 1, RotatedAt: now, IdleEndsAt: now.Add(time.Hour),
	}
}

func randomHash() (h [32]byte) {
	for i := range h {
		h[i] = byte(rand.Uint32())
	}
	return h
}

// populated stores sessions of a thousand users on a server that flushes as in production.
func populated(b *testing.B) (*Store, []auth.SessionID) {
	b.Helper()
	s := migrated(b, pgtest.NewServer(b, pgtest.Config{Fsync: true}).Schema(b))
	return s, fill(b, s, stored)
}

// fill replaces all users by a thousand with n sessions, and tells the planner so.
func fill(t testing.TB, s *Store, n int) []auth.SessionID {
	t.Helper()
	must(t, s.pool, `truncate users cascade`)
	must(t, s.pool, `insert into users (user_id, username, password_hash, epoch, roles, created_at, row_version)
		select gen_random_uuid(), 'user-' || i || '@example.com', 'hash', 1, '', clock_timestamp(), 1
		  from generate_series(1, 1000) i`)
	must(t, s.pool, `insert into sessions (session_id, user_id, client_id, epoch, generation, current_hash,
		       previous_hash, nonce, secret_version, created_at, rotated_at, idle_ends_at, ends_at,
		       device, user_agent, login_ip, row_version)
		select gen_random_uuid(), u.user_id, 'authd', 1, 3, sha256(u.user_id::text::bytea),
		       sha256(u.user_id::text::bytea), sha256(u.user_id::text::bytea), 1, now(), now(), now() + '7 days', now() + '30 days',
		       'a telephone', 'Mozilla/5.0 (X11; Linux x86_64)', '192.0.2.7', 1
		  from generate_series(1, $1::int) i
		  join (select user_id, row_number() over () as n from users) u on u.n = 1 + i % 1000`, n)
	must(t, s.pool, `analyze users, sessions`)
	rows, err := s.pool.Query(t.Context(), `select session_id from sessions`)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[[16]byte])
	if err != nil {
		t.Fatal(err)
	}
	out := make([]auth.SessionID, len(ids))
	for i, id := range ids {
		out[i] = auth.SessionID(id)
	}
	return out
}

// must runs a statement that prepares a test.
func must(t testing.TB, pool *pgxpool.Pool, statement string, arguments ...any) {
	t.Helper()
	if _, err := pool.Exec(context.WithoutCancel(t.Context()), statement, arguments...); err != nil {
		t.Fatal(err)
	}
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

func rotationsOf(ids []auth.SessionID, version int64) []tokens.Rotation {
	rotations := make([]tokens.Rotation, len(ids))
	for i, id := range ids {
		rotations[i] = rotationOf(id, version)
	}
	return rotations
}

func randomID() auth.SessionID {
	h := randomHash()
	return auth.SessionID(h[:16])
}

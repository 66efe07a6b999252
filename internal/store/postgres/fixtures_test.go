//go:build unix

package postgres

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/store/pgtest"
	"github.com/authd/authd/internal/tokens"
)

// opened opens a store for as long as the test runs.
func opened(t testing.TB, c Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// migrated opens a store and brings its schema to the newest version.
func migrated(t testing.TB, url string) *Store {
	t.Helper()
	s := opened(t, Config{URL: url})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// headed is a migrated store with a head and n sessions.
func headed(t *testing.T, n int) (*Store, []auth.SessionID) {
	t.Helper()
	s := migrated(t, pgtest.New(t))
	if _, err := s.RaiseHead(t.Context(), "feed", 5*time.Minute, time.Minute); err != nil {
		t.Fatal(err)
	}
	return s, fill(t, s, n)
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
	must(t, s.pool, `truncate clients`)
	must(t, s.pool, `insert into clients (client_id, name, secret_hash, scopes, audiences, epoch, created_at, row_version)
		select gen_random_uuid(), 'billing', sha256('secret'), 'orders:read', '', 0, now(), 1 from generate_series(1, 1000)`)
	must(t, s.pool, `analyze users, sessions, clients`)
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

// acquired lends a connection of the store's pool to a test.
func acquired(t testing.TB, s *Store) *pgx.Conn {
	t.Helper()
	conn, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Release)
	return conn.Conn()
}

// vouch sets the head's as_of.
func (s *Store) vouch(ctx context.Context, asOf time.Time) error {
	_, err := s.pool.Exec(ctx, `update feed_head set as_of = $1`, asOf)
	return err
}

// entries is what a follower of the feed will read: head and entries from one snapshot.
func (s *Store) entries(ctx context.Context, after int64) (entries []revocation.Entry, head revocation.Head, err error) {
	b := &pgx.Batch{}
	b.Queue(`begin isolation level repeatable read read only`)
	b.Queue(selectHead).Query(func(rows pgx.Rows) (err error) {
		for rows.Next() {
			if head, err = scanHead(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	b.Queue(`
		select seq, kind, subject, value, until, mark
		  from kills
		 where seq > $1
		 order by seq`, after).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			entry, err := scanEntry(rows)
			if err != nil {
				return err
			}
			entries = append(entries, entry)
		}
		return rows.Err()
	})
	queueCommit(b)
	return entries, head, s.send(ctx, "read the feed", b)
}

// holder is a transaction that another test of the same server cannot disturb.
func holder(t *testing.T, s *Store) (pgx.Tx, uint32) {
	t.Helper()
	conn := acquired(t, s)
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(t.Context()) })
	return tx, conn.PgConn().PID()
}

// awaitBlocked returns when n connections wait for the holder of a lock.
func awaitBlocked(t *testing.T, s *Store, holder uint32, n int) {
	t.Helper()
	for {
		var blocked int
		err := s.pool.QueryRow(t.Context(),
			`select count(*) from pg_stat_activity where $1::int = any(pg_blocking_pids(pid))`, holder).Scan(&blocked)
		if err != nil {
			t.Fatal(err)
		}
		if blocked >= n {
			return
		}
	}
}

func deathsOf(ids ...auth.SessionID) []tokens.Death {
	deaths := make([]tokens.Death, len(ids))
	for i, id := range ids {
		deaths[i] = tokens.Death{Session: id, Reason: audit.Logout, At: time.Now()}
	}
	return deaths
}

func rotationsOf(ids []auth.SessionID, version int64) []tokens.Rotation {
	rotations := make([]tokens.Rotation, len(ids))
	for i, id := range ids {
		rotations[i] = rotationOf(id, version)
	}
	return rotations
}

func rotationOf(id auth.SessionID, version int64) tokens.Rotation {
	now := time.Now()
	return tokens.Rotation{
		Session: id, Version: version, Generation: uint32(version) + 1,
		CurrentHash: randomHash(), PreviousHash: randomHash(), Nonce: randomHash(),
		SecretVersion: 1, RotatedAt: now, IdleEndsAt: now.Add(time.Hour),
	}
}

func randomID() auth.SessionID {
	h := randomHash()
	return auth.SessionID(h[:16])
}

func randomHash() (h [32]byte) {
	for i := range h {
		h[i] = byte(rand.Uint32())
	}
	return h
}

// ownerOf reads a session's user and the sessions that the user has.
func ownerOf(t *testing.T, s *Store, id auth.SessionID) (tokens.User, []tokens.Session) {
	t.Helper()
	loaded, _, err := s.LoadSessions(t.Context(), []auth.SessionID{id})
	if err != nil || len(loaded) != 1 {
		t.Fatalf("%d sessions, error %v", len(loaded), err)
	}
	user, sessions, _, _, err := s.LoadUser(t.Context(), loaded[0].User)
	if err != nil {
		t.Fatal(err)
	}
	return user, sessions
}

// assertUntouched checks that sessions are as fill left them and that the feed is empty.
func assertUntouched(t *testing.T, s *Store, ids []auth.SessionID) {
	t.Helper()
	loaded, _, err := s.LoadSessions(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range loaded {
		if l.RowVersion != 1 || !l.EndedAt.IsZero() || l.Owner.RowVersion != 1 || l.Owner.Epoch != 1 {
			t.Errorf("a session was written: %+v", l)
		}
	}
	if _, head, err := s.entries(t.Context(), 0); err != nil || head.Seq != 0 {
		t.Errorf("the head is at %d, error %v, want 0", head.Seq, err)
	}
}

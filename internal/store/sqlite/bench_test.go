package sqlite

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// stored is how many sessions the benchmarks choose from: enough that the pages do not fit a cache.
const stored = 100_000

// BenchmarkOpen is what a start does before it can serve: open a file that exists, and see that its
// schema is right.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "authd.db")
	if err := migrated(b, path).Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := Open(b.Context(), Config{Path: path, Now: now})
		if err != nil {
			b.Fatal(err)
		}
		if have, want, err := s.Schema(b.Context()); have != want || err != nil {
			b.Fatalf("schema %d of %d, error %v", have, want, err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoadSessions is the read of one batch: random sessions with their users.
func BenchmarkLoadSessions(b *testing.B) {
	s, ids := populated(b)
	for _, size := range []int{1, 16, 64, 256} {
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

// BenchmarkRotate is the swap of one batch with its commit, on whatever the disk's sync costs.
func BenchmarkRotate(b *testing.B) {
	s, ids := populated(b)
	versions := make(map[auth.SessionID]int64)
	for _, size := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			for b.Loop() {
				batch := make([]tokens.Rotation, 0, size)
				for _, id := range pick(ids, size) {
					batch = append(batch, rotationOf(id, versions[id]))
					versions[id]++
				}
				if written, err := s.Rotate(b.Context(), batch); err != nil || len(written) != size {
					b.Fatalf("%d written, error %v", len(written), err)
				}
			}
			perItem(b, size)
		})
	}
}

// BenchmarkLoadAndRotate is what the store does for a batch of refreshes.
func BenchmarkLoadAndRotate(b *testing.B) {
	s, ids := populated(b)
	for _, size := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			for b.Loop() {
				rows, _, err := s.LoadSessions(b.Context(), pick(ids, size))
				if err != nil {
					b.Fatal(err)
				}
				batch := make([]tokens.Rotation, len(rows))
				for i, row := range rows {
					batch[i] = rotationOf(row.ID, row.RowVersion)
				}
				if written, err := s.Rotate(b.Context(), batch); err != nil || len(written) != size {
					b.Fatalf("%d written, error %v", len(written), err)
				}
			}
			perItem(b, size)
		})
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
		if id := ids[rand.IntN(len(ids))]; size > 256 || !slices.Contains(chosen, id) {
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

func randomID() [16]byte {
	h := randomHash()
	return [16]byte(h[:16])
}

// populated stores sessions of a thousand users.
func populated(b *testing.B) (*Store, []auth.SessionID) {
	b.Helper()
	s := migrated(b, filepath.Join(b.TempDir(), "authd.db"))
	users := make([]auth.UserID, 1000)
	for i := range users {
		users[i] = auth.UserID(randomID())
		user := accounts.User{ID: users[i], Username: fmt.Sprintf("user-%d@example.com", i), Epoch: 1}
		if _, err := s.CreateUser(b.Context(), user, "hash"); err != nil {
			b.Fatal(err)
		}
	}
	ids := make([]auth.SessionID, stored)
	err := s.writeAll(b.Context(), func(i int) *tokens.Session {
		if i == stored {
			return nil
		}
		ids[i] = auth.SessionID(randomID())
		now := time.Now()
		return &tokens.Session{
			ID: ids[i], User: users[i%len(users)], ClientID: "authd", Epoch: 1,
			CurrentHash: randomHash(), PreviousHash: randomHash(), Nonce: randomHash(), SecretVersion: 1,
			CreatedAt: now, RotatedAt: now, IdleEndsAt: now.Add(time.Hour), EndsAt: now.Add(time.Hour),
			Device: "a telephone", UserAgent: "Mozilla/5.0 (X11; Linux x86_64)",
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	return s, ids
}

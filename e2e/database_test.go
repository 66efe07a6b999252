//go:build unix

package e2e

import (
	"crypto/sha256"
	"encoding/base64"
	"net"
	"testing"
)

// database is the rows, past authd: what no answer tells, and a hand on a lock.
type database interface {
	// hold keeps everybody from writing a session until release is called.
	hold(t testing.TB, session string) (release func())
	// awaitWaiter returns when p, which was sent a request on the connection, waits for what hold holds.
	awaitWaiter(t testing.TB, p *process, sent net.Conn)
	// bury ends what a dead process has left running in the database.
	bury(t testing.TB, p *process)
	// generation reads how often a session has rotated.
	generation(t testing.TB, session string) uint32
	// backup copies everything, beside a running server, and restore puts a copy back when nobody has the
	// database open.
	backup(t testing.TB) (copied string)
	restore(t testing.TB, copied string)
	// feed reads the feed.
	feed(t testing.TB) feed
}

// sessionKey is a session's id as the rows have it.
func sessionKey(t testing.TB, session string) (key [16]byte) {
	t.Helper()
	if n, err := base64.RawURLEncoding.Decode(key[:], []byte(session)); err != nil || n != len(key) {
		t.Fatalf("%q is no session id", session)
	}
	return key
}

// feed is the kills in their order, and what the head counts.
type feed struct {
	seqs     []int64
	sessions map[[12]byte]int // :: subject of a kill of kind sid → how many there are
	head     int64
}

// kills is how many entries end a session.
func (f feed) kills(session string) int {
	sum := sha256.Sum256([]byte(session))
	return f.sessions[[12]byte(sum[:12])]
}

// wantWhole checks that the feed has no gap, no repetition, and ends where its head says. A follower
// that asks for what comes after a number would otherwise miss an entry.
func (f feed) wantWhole(t testing.TB) {
	t.Helper()
	for i, seq := range f.seqs {
		if seq != int64(i+1) {
			t.Fatalf("entry %d of the feed has the number %d", i+1, seq)
		}
	}
	if f.head != int64(len(f.seqs)) {
		t.Errorf("the head of the feed is at %d, want %d", f.head, len(f.seqs))
	}
}

package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// Store is all that a store must be.
type Store interface {
	tokens.Store
	tokens.KeyringStore
	accounts.Store
	audit.Store
	revocation.Store
}

// Fixture is one migrated, empty database under two handles. Its clock must be a real one.
type Fixture struct {
	Store Store
	// Again opens the same data as a second process would: it shares nothing with Store but the data.
	Again func(t testing.TB) Store
	// Entries reads the head and all entries after a seq, in order of seq, from one snapshot, by plain
	// SQL: what a follower of the feed sees.
	Entries func(ctx context.Context, after int64) ([]revocation.Entry, revocation.Head, error)
	// Vouch sets the head's as_of by plain SQL, to what an instance left there whose clock was ahead.
	Vouch func(ctx context.Context, asOf time.Time) error
}

// T is what a claim needs of a test. It is small so that the suite can be run against a broken store
// with a T that expects the failure.
type T interface {
	Helper()
	Context() context.Context
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Run holds a store to every claim. open returns a fixture that nobody else uses and that ends with t.
func Run(t *testing.T, open func(t testing.TB) Fixture) {
	for _, c := range claims() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.prove(newTrial(t, t, open(t), c.bare))
		})
	}
}

// claim is a sentence, and the attempt to refute it.
type claim struct {
	name  string
	prove func(*trial)
	bare  bool // on a store whose feed has no head yet
}

// What the head of a trial says. The lifetime is neither the default nor a round number, so that a
// store with one of these built in is found out.
const (
	feedID     = "feed-of-the-suite"
	maxTTL     = 437 * time.Second
	jwksMaxAge = 311 * time.Second
)

// newTrial prepares a claim's trial: failures go to t, what must be closed ends with tb.
func newTrial(t T, tb testing.TB, f Fixture, bare bool) *trial {
	tr := &trial{T: t, store: f.Store, again: f.Again(tb), feed: f.Entries, vouch: f.Vouch}
	if !bare {
		if _, err := f.Store.RaiseHead(t.Context(), feedID, maxTTL, jwksMaxAge); err != nil {
			t.Fatalf("RaiseHead on an empty store: %v", err)
		}
	}
	return tr
}

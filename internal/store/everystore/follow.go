//go:build unix

package everystore

import (
	"context"
	"testing"
	"time"

	"github.com/authd/authd/internal/revocation"
)

// Follow runs a follower of a store until t ends, and returns when it has read the feed once. The feed
// must have its head.
func Follow(t testing.TB, store revocation.Store) *revocation.Follower {
	t.Helper()
	f, err := revocation.New(revocation.Config{Store: store, Now: time.Now, MaxTTL: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	CatchUp(t, f)
	return f
}

// CatchUp waits until a follower knows whatever is committed now.
func CatchUp(t testing.TB, f *revocation.Follower) {
	t.Helper()
	next := f.NextPoll()
	f.Wake()
	select {
	case <-next:
	case <-time.After(time.Minute):
		t.Fatal("the feed was not read in a minute")
	}
}

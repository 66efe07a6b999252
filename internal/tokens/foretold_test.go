package tokens_test

import (
	"context"
	"testing"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// unwritten takes its time for a write, and then writes nothing.
type unwritten struct {
	tokens.Store
	meanwhile func(context.Context)
}

func (s *unwritten) Rotate(ctx context.Context, _ []tokens.Rotation) ([]auth.SessionID, error) {
	s.meanwhile(ctx)
	return nil, auth.ErrUnavailable
}

func TestWhatIsSignedWhileABatchIsWrittenIsShownToNobodyIfItIsNot(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		signed := make(chan struct{}, 2)
		a := w.start(func(c *tokens.Config) {
			c.Meter.Minted = func() { signed <- struct{}{} }
			c.Store = &unwritten{c.Store, func(ctx context.Context) {
				select {
				case <-signed:
				case <-ctx.Done():
					t.Error("nobody signed while the batch was written")
				}
			}}
		})
		first := a.login("ann")
		<-signed
		pair, err := a.Refresh(t.Context(), first.RefreshToken, home)
		if auth.KindOf(err) != auth.Unavailable || pair != (tokens.Pair{}) {
			t.Errorf("got %+v, error %v, want unavailable", pair, err)
		}
	})
}

func TestWhoLosesASwapAfterSigningGetsTheSuccessorOfWhoWon(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.start()
		var first, theirs tokens.Pair
		a := w.start(func(c *tokens.Config) {
			c.Store = &beforeRotate{Store: c.Store, do: func() { theirs = other.refresh(first.RefreshToken) }}
		})
		first = a.login("ann")
		if mine := a.refresh(first.RefreshToken); mine.RefreshToken != theirs.RefreshToken {
			t.Errorf("got %s, want %s", mine.RefreshToken, theirs.RefreshToken)
		}
	})
}

// Who is given a token that was dead before the answer left is refused everywhere, just when a key has to go. At
// the clock of the batch no other key signs yet, so he comes back and gets a live one.
func TestD5WhatAKeySignedThatIsKilledWhileABatchIsWrittenIsShownToNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		signed := make(chan struct{}, 3)
		var keyring *tokens.Keyring
		a := w.start(func(c *tokens.Config) {
			keyring = c.Keyring
			if err := keyring.Turn(t.Context()); err != nil { // the spare
				t.Fatal(err)
			}
			c.Meter.Minted = func() { signed <- struct{}{} }
			c.Store = &beforeRotate{Store: c.Store, do: func() {
				<-signed
				killActive(t, keyring)
			}}
		})
		first := a.login("ann")
		<-signed
		if pair, err := a.Refresh(t.Context(), first.RefreshToken, home); auth.KindOf(err) != auth.Unavailable {
			t.Errorf("got %+v, error %v, want unavailable", pair, err)
		}
		a.alive(a.refresh(first.RefreshToken).AccessToken)
	})
}

func killActive(t *testing.T, k *tokens.Keyring) {
	t.Helper()
	keys, err := k.Keys(t.Context())
	if err != nil {
		t.Error(err)
	}
	for _, key := range keys {
		if key.State == tokens.KeyActive {
			if err := k.Kill(t.Context(), key.KID, home); err != nil {
				t.Error(err)
			}
		}
	}
}

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

package tokens

import (
	"context"
	"time"

	"github.com/authd/authd/internal/auth"
)

// Pair is what a login and a refresh give.
type Pair struct {
	AccessToken      string
	ExpiresIn        time.Duration // of the access token
	RefreshToken     string
	RefreshExpiresIn time.Duration // until it dies unused
	Session          auth.SessionID
	SessionExpiresAt time.Time // the absolute end
}

// Refresh rotates a refresh token. Refused: an error of kind InvalidGrant, whose code says why.
// It can be asked again with the same token for as long as the retry window is open, and will give the
// same refresh token.
func (s *Sessions) Refresh(ctx context.Context, refresh string, from Origin) (Pair, error) {
	pair, out, err := s.refresh(ctx, refresh, from)
	switch {
	case err != nil:
		s.meter.Refreshed(auth.CodeOf(err))
		return Pair{}, err
	case out.retried:
		s.meter.Refreshed("retried")
	default:
		s.meter.Refreshed("rotated")
	}
	return pair, nil
}

// refresh signs as soon as it is told what the answer will be, and waits with it until that is so. What was
// signed for a row that was not written after all is thrown away, and what a key signed that may have been
// killed meanwhile.
func (s *Sessions) refresh(ctx context.Context, refresh string, from Origin) (pair Pair, out rotated, err error) {
	r, err := s.submitRotation(ctx, refresh, from)
	if err != nil {
		return pair, out, err
	}
	var signed *Loaded // the row that the pair was made of
	var keys *ring     // of which one key signed it
	for {
		if out, err = await(ctx, s, r.done); err == nil {
			err = out.err
		}
		if now := s.keyring.ring.Load(); err == nil && (out.session != signed || now != keys) {
			pair, err = s.pair(out.session, out.refresh, out.clock)
			signed, keys = out.session, now
		}
		if err != nil || !out.foretold {
			return pair, out, err
		}
	}
}

// submitRotation sends a refresh token into the rotation lane.
func (s *Sessions) submitRotation(ctx context.Context, refresh string, from Origin) (*rotation, error) {
	if s.live.Stale() {
		return nil, errStale // before anything is written
	}
	token, err := s.keyring.openRefresh(ctx, refresh)
	if err != nil {
		return nil, err
	}
	r := newRotation(token, from)
	return r, s.rotations.submit(r)
}

// pair signs an access token for the session and puts the two tokens together.
func (s *Sessions) pair(session *Loaded, refresh string, clock time.Time) (Pair, error) {
	access, lifetime, err := s.mint(session, clock)
	if err != nil {
		return Pair{}, err
	}
	return Pair{
		AccessToken:      access,
		ExpiresIn:        lifetime,
		RefreshToken:     refresh,
		RefreshExpiresIn: session.IdleEndsAt.Sub(clock),
		Session:          session.ID,
		SessionExpiresAt: session.EndsAt,
	}, nil
}

// await waits for a lane's answer. A client that left does not take its request back: the batch it is
// in commits all the same, and asking again gives the same answer.
func await[A any](ctx context.Context, s *Sessions, answer <-chan A) (a A, err error) {
	select {
	case a = <-answer:
		return a, nil
	case <-ctx.Done():
		return a, auth.ErrUnavailable.Because(ctx.Err())
	case <-s.stopped:
	}
	select { // it may have been answered in the last moment
	case a = <-answer:
		return a, nil
	default:
		return a, errBusy
	}
}

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
	out, err := s.submitRotation(ctx, refresh, from)
	if err != nil {
		s.meter.Refreshed(auth.CodeOf(err))
		return Pair{}, err
	}
	pair, err := s.pair(out.session, out.refresh, out.clock)
	switch {
	case err != nil:
		s.meter.Refreshed(auth.CodeOf(err))
	case out.retried:
		s.meter.Refreshed("retried")
	default:
		s.meter.Refreshed("rotated")
	}
	return pair, err
}

// submitRotation sends a refresh token through the rotation lane.
func (s *Sessions) submitRotation(ctx context.Context, refresh string, from Origin) (rotated, error) {
	if s.live.Stale() {
		return rotated{}, errStale // before anything is written
	}
	token, err := s.keyring.openRefresh(ctx, refresh)
	if err != nil {
		return rotated{}, err
	}
	r := newRotation(token, from)
	if err := s.rotations.submit(r); err != nil {
		return rotated{}, err
	}
	out, err := await(ctx, s, r.done)
	if err == nil {
		err = out.err
	}
	return out, err
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

package tokens

import (
	"context"
	"errors"
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
)

// Live is what this package asks of who follows the feed: [revocation.Follower].
type Live interface {
	// Check says whether a token was killed.
	Check(revocation.Token) revocation.Verdict
	// Stale reports whether what is known is too old to sign tokens by.
	Stale() bool
	// Clock is the store's clock, as far as it is known; zero if it was never read.
	Clock() time.Time
	// Wake says that an entry was committed, and Sync waits, not for long, until it is known here.
	Wake()
	Sync(ctx context.Context)
}

// errStale is for who asks when the feed was not read for too long: neither may a token be taken for
// live, nor may one be made whose kill could be forgotten before it expires.
var errStale = auth.ErrUnavailable.Because(errors.New("the feed of revocations was not read for too long"))

// unread is for who only ends sessions, beside a server that follows what was done. It knows of nothing
// that it is alive, and signs nothing.
type unread struct{}

func (unread) Check(revocation.Token) revocation.Verdict { return revocation.Unknown }
func (unread) Stale() bool                               { return true }
func (unread) Clock() time.Time                          { return time.Time{} }
func (unread) Wake()                                     {}
func (unread) Sync(context.Context)                      {}

// waking wakes who follows the feed whenever an entry was committed, whoever asked for it.
type waking struct {
	Store
	live Live
}

func (w waking) End(ctx context.Context, deaths []Death, mark uint64) (ended []Ended, err error) {
	ended, err = w.Store.End(ctx, deaths, mark)
	if len(ended) > 0 {
		w.live.Wake()
	}
	return ended, err
}

func (w waking) ChangeUser(ctx context.Context, change UserChange, mark uint64) (applied bool, err error) {
	applied, err = w.Store.ChangeUser(ctx, change, mark)
	if applied && (change.RaiseEpoch || len(change.End) > 0) {
		w.live.Wake()
	}
	return applied, err
}

func (w waking) RaiseClient(ctx context.Context, id auth.ClientID, mark uint64) (found bool, err error) {
	found, err = w.Store.RaiseClient(ctx, id, mark)
	if found {
		w.live.Wake()
	}
	return found, err
}

func (w waking) DeleteClient(ctx context.Context, id auth.ClientID, mark uint64) (found bool, err error) {
	found, err = w.Store.DeleteClient(ctx, id, mark)
	if found {
		w.live.Wake()
	}
	return found, err
}

func (w waking) AddKills(ctx context.Context, kills []revocation.Kill, mark uint64) error {
	err := w.Store.AddKills(ctx, kills, mark)
	if err == nil && len(kills) > 0 {
		w.live.Wake()
	}
	return err
}

// verdict is what the live set says of a token.
func (s *Sessions) verdict(t *accessToken) revocation.Verdict {
	return s.live.Check(revocation.Token{Sid: t.Session, Jti: t.ID, Sub: t.Subject, Epoch: t.Epoch, Kid: t.kid})
}

// checkAccess says whether a token of ours is live: what a verifier would say.
func (s *Sessions) checkAccess(token *accessToken, clock time.Time) error {
	return s.checkFor(token, s.audience, clock)
}

// checkFor is checkAccess in the place of who goes by any of these audiences.
func (s *Sessions) checkFor(token *accessToken, audience []string, clock time.Time) error {
	verdict := s.verdict(token)
	switch {
	case verdict == revocation.Dead, !token.isFor(audience):
		return ErrTokenInvalid
	case clock.IsZero():
		return errStale
	case !token.timely(clock):
		return ErrTokenInvalid
	case verdict != revocation.Alive:
		return errStale
	}
	return nil
}

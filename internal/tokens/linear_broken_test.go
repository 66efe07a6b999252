package tokens_test

import (
	"context"
	"slices"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/store/everystore"
	"github.com/authd/authd/internal/tokens"
)

// A check that cannot fail shows nothing. These are histories of one session, told call by call: a
// number is the moment of the call, the next one that of its answer.
func TestTheModelTellsWhatMayHappenFromWhatMayNot(t *testing.T) {
	t.Parallel()
	const revoked, reused, invalid = "session_revoked", "refresh_token_reused", "invalid_token"
	begin := told(1, 2, call{verb: open}, answer{token: "a"})
	for _, c := range []struct {
		name string
		fits bool
		rest []porcupine.Operation
	}{
		{"a logout, then a refusal", true, calls(told(3, 4, call{verb: logOut}, answer{}), told(5, 6, shown("a"), answer{code: revoked}))},
		{"C3: a logout, then a refresh", false, calls(told(3, 4, call{verb: logOut}, answer{}), told(5, 6, shown("a"), answer{token: "b"}))},
		{"C3: a logout, then a live access token", false, calls(told(3, 4, call{verb: logOut}, answer{}), told(5, 6, call{verb: me}, answer{}))},
		{"a refresh during a logout", true, calls(told(3, 6, call{verb: logOut}, answer{}), told(4, 5, shown("a"), answer{token: "b"}))},
		{"a dead access token without a logout", false, calls(told(3, 4, call{verb: me}, answer{code: invalid}))},
		{"a retry gets the same successor", true, calls(told(3, 4, shown("a"), answer{token: "b"}), told(5, 6, shown("a"), answer{token: "b"}))},
		{"a retry gets another successor", false, calls(told(3, 4, shown("a"), answer{token: "b"}), told(5, 6, shown("a"), answer{token: "c"}))},
		{"a rotation that gives the same token", false, calls(told(3, 4, shown("a"), answer{token: "a"}))},
		{"a token from nowhere", false, calls(told(3, 4, shown("z"), answer{token: "b"}))},
		{"reuse ends the session", true, calls(told(3, 4, shown("a"), answer{token: "b"}), told(5, 6, shown("b"), answer{token: "c"}),
			told(7, 8, shown("a"), answer{code: reused}), told(9, 10, shown("c"), answer{code: reused}))},
		{"reuse ends nothing", false, calls(told(3, 4, shown("a"), answer{token: "b"}), told(5, 6, shown("b"), answer{token: "c"}),
			told(7, 8, shown("a"), answer{code: reused}), told(9, 10, shown("c"), answer{token: "d"}))},
		{"C5: a login proven before the logout of everything", true, calls(told(3, 4, call{verb: logOutAll}, answer{}),
			told(5, 6, call{verb: open, slot: 1}, answer{code: "user_changed"}))},
		{"C5: it opens a session all the same", false, calls(told(3, 4, call{verb: logOutAll}, answer{}),
			told(5, 6, call{verb: open, slot: 1}, answer{token: "x"}))},
		{"C6: a login after it lives", true, calls(told(3, 4, call{verb: logOutAll}, answer{}), told(5, 6, call{verb: prove}, answer{epoch: 1}),
			told(7, 8, call{verb: open, slot: 1, epoch: 1}, answer{token: "x"}), told(9, 10, call{verb: me, slot: 1}, answer{}))},
		{"C5: a session from before it lives", false, calls(told(3, 4, call{verb: logOutAll}, answer{}), told(5, 6, shown("a"), answer{token: "b"}))},
		{"a dead session ends the others", false, calls(told(3, 4, call{verb: logOut}, answer{}), told(5, 6, call{verb: logOutAll}, answer{}))},
	} {
		h := history{calls: append(calls(begin), c.rest...)}
		if got := h.fits(); got != c.fits {
			t.Errorf("%s: fits: got %t, want %t", c.name, got, c.fits)
		}
	}
}

func told(from, to int64, c call, a answer) porcupine.Operation {
	return porcupine.Operation{ClientId: int(from), Input: c, Output: a, Call: from, Return: to}
}

func calls(all ...porcupine.Operation) []porcupine.Operation { return all }

func shown(token string) call { return call{verb: refresh, token: token} }

// Stores that promise and do not keep it, each in one way. Clients cannot see that in any one answer:
// it takes the history.
type (
	forgettingEnd    struct{ tokens.Store } // answers before it has written, and then does not
	forgettingRotate struct{ tokens.Store }
	forgettingRaise  struct{ tokens.Store }
	laggingFeed      struct{ revocation.Store } // reads a replica that has not heard of anything yet
)

func (s forgettingEnd) End(_ context.Context, deaths []tokens.Death, _ uint64) (ended []tokens.Ended, err error) {
	for _, death := range deaths {
		ended = append(ended, tokens.Ended{Session: death.Session, At: death.At})
	}
	return ended, nil
}

func (s forgettingRotate) Rotate(_ context.Context, rotations []tokens.Rotation) (written []auth.SessionID, err error) {
	for _, rotation := range rotations {
		written = append(written, rotation.Session)
	}
	return written, nil
}

func (s forgettingRaise) ChangeUser(ctx context.Context, change tokens.UserChange, mark uint64) (bool, error) {
	change.RaiseEpoch = false
	return s.Store.ChangeUser(ctx, change, mark)
}

func (s laggingFeed) Follow(ctx context.Context, after int64, limit int) (revocation.Reading, error) {
	r, err := s.Store.Follow(ctx, after, limit)
	r.Head.Seq, r.Head.Mark, r.Entries = 0, 0, nil
	return r, err
}

func TestAStoreThatBreaksItsWordFitsNoOrderOfEvents(t *testing.T) {
	for _, c := range []struct {
		name  string
		story func(*history) []func(int)
		spoil func(*testing.T, *tokens.Config)
	}{
		{"a logout that is not written", leaveOne, func(_ *testing.T, c *tokens.Config) { c.Store = forgettingEnd{c.Store} }},
		{"a rotation that is not written", leaveOne, func(_ *testing.T, c *tokens.Config) { c.Store = forgettingRotate{c.Store} }},
		{"an epoch that is not raised", leaveAll, func(_ *testing.T, c *tokens.Config) { c.Store = forgettingRaise{c.Store} }},
		{"kills that are read too early", leaveOne, func(t *testing.T, c *tokens.Config) {
			c.Live = everystore.Follow(t, laggingFeed{c.Store.(revocation.Store)})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, w *world) {
				all := play(t, w, c.story, 50, func(config *tokens.Config) { c.spoil(t, config) })
				if !slices.ContainsFunc(all, func(h *history) bool { return !h.unknown && !h.fits() }) {
					t.Error("every history fits an order of events")
				}
			})
		})
	}
}

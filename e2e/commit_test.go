//go:build unix

package e2e

import (
	"net/http"
	"testing"

	"github.com/authd/authd/internal/store/pgtest"
)

// moments are what a client cannot tell apart: whether the commit happened is not known, so both get
// the same answer.
var moments = []struct {
	claim     string
	when      moment
	committed bool
}{
	{"before the transaction ends", beforeTheEnd, false},
	{"while the answer comes back", withTheAnswer, true},
}

// throughCutter starts two processes on one database, the first of them behind a cutter.
func throughCutter(t *testing.T) (*deployment, *cutter, []*process) {
	t.Helper()
	d := onPostgres(t, pgtest.New(t))
	c := newCutter(t, d.url)
	first := d.launch(t, c.addr)
	first.await(t, "serving")
	return d, c, []*process{first, d.start(t)}
}

// B13: the outcome of a commit whose connection breaks is unknown. That is never a refusal, and whoever
// asks again, at whatever process, gets the one successor.
func TestB13ARotationWhoseConnectionIsCutIsUnavailableAndTheRetryConverges(t *testing.T) {
	t.Parallel()
	for _, m := range moments {
		t.Run(m.claim, func(t *testing.T) {
			t.Parallel()
			_, c, all := throughCutter(t)
			token := signUp(t, all[0], "ada").RefreshToken
			for round := range uint32(4) {
				c.arm(m.when)
				wantUnavailable(t, ask(t, all[0], refreshing(token)))
				if got := c.cuts.Load(); got != int32(round+1) {
					t.Fatalf("round %d: %d connections were cut", round, got)
				}
				here, there := refresh(t, all[round%2], token), refresh(t, all[(round+1)%2], token)
				if here.RefreshToken != there.RefreshToken {
					t.Error("two retries got different successors")
				}
				wantGeneration(t, here.RefreshToken, round+1)
				token = here.RefreshToken
			}
		})
	}
}

// C9: a logout whose outcome is unknown is not acknowledged, and the retry does not end the session twice.
func TestC9ALogoutWhoseConnectionIsCutIsUnavailableAndTheRetryConverges(t *testing.T) {
	t.Parallel()
	for _, m := range moments {
		t.Run(m.claim, func(t *testing.T) {
			t.Parallel()
			d, c, all := throughCutter(t)
			opened := signUp(t, all[0], "ada")
			c.arm(m.when)
			wantUnavailable(t, ask(t, all[0], loggingOut(opened.RefreshToken)))
			if m.committed {
				wantRefused(t, ask(t, all[1], refreshing(opened.RefreshToken)), "session_revoked")
			} else {
				opened = refresh(t, all[1], opened.RefreshToken)
			}
			for _, p := range all {
				if a := ask(t, p, loggingOut(opened.RefreshToken)); a.status != http.StatusNoContent {
					t.Errorf("logout: got %v, want 204", a)
				}
				wantRefused(t, ask(t, p, refreshing(opened.RefreshToken)), "session_revoked")
			}
			f := d.past.feed(t)
			if got := f.kills(opened.SessionID); got != 1 {
				t.Errorf("the feed has %d kills of the session, want 1", got)
			}
			f.wantWhole(t)
		})
	}
}

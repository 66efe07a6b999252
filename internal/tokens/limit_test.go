package tokens_test

import (
	"testing"

	"github.com/authd/authd/internal/tokens"
)

// A login reads every session of its user that was not ended, so those must be few. Otherwise whoever
// signs in and logs out of everything all day makes each next login slower, and larger, than the last.
func TestDeadSessionsThatALoginReadsAreFew(t *testing.T) {
	for claim, die := range map[string]func(*testing.T, *world, *instance, tokens.Pair){
		"logged out of everything": func(_ *testing.T, _ *world, a *instance, p tokens.Pair) {
			a.logOut(tokens.LogOut{Access: p.AccessToken, Scope: tokens.ScopeAll})
		},
		"idle too long": func(_ *testing.T, w *world, _ *instance, _ tokens.Pair) { w.pass(idleTTL) },
	} {
		t.Run(claim, func(t *testing.T) {
			onBoth(t, func(t *testing.T, w *world) {
				a := w.start(func(c *tokens.Config) { c.Policy.SessionTTL = 1000 * idleTTL })
				user := a.user("ann").User
				for range 4 * perUser {
					die(t, w, a, a.openAs(a.proven("ann")))
				}
				last := a.openAs(a.proven("ann"))
				_, sessions, _, _, err := a.store.LoadUser(t.Context(), user)
				if err != nil || len(sessions) > 2*perUser {
					t.Errorf("got %d sessions to read, %v; want at most %d live ones and as many dead", len(sessions), err, perUser)
				}
				a.refresh(last.RefreshToken)
			})
		})
	}
}

func TestTheDeadMakeRoomBeforeTheLiving(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		a.user("ann")
		for range 2 * perUser {
			p := a.openAs(a.proven("ann"))
			a.logOut(tokens.LogOut{Access: p.AccessToken, Scope: tokens.ScopeAll})
		}
		var live []tokens.Pair
		for range perUser {
			live = append(live, a.openAs(a.proven("ann")))
		}
		for _, p := range live {
			a.refresh(p.RefreshToken)
		}
	})
}

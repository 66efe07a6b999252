package tokens_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

func TestC1ALogoutEndsTheSessionAndCanBeRepeated(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		pair := a.login("ann")
		for range 3 {
			a.logOut(tokens.LogOut{Access: pair.AccessToken})
			a.logOut(tokens.LogOut{Refresh: pair.RefreshToken})
		}
		a.refused(pair.RefreshToken, tokens.ErrSessionRevoked)
		a.dead(pair.AccessToken)
		if !a.killed(pair.Session) {
			t.Error("the feed does not have the session")
		}
		if got := a.count(audit.SessionEnded, audit.Logout); got != 1 {
			t.Errorf("got %d events, want 1", got)
		}
	})
}

func TestC2ALogoutKillsEveryAccessTokenOfTheSession(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		second := a.refresh(first.RefreshToken)
		third := a.refresh(second.RefreshToken)
		a.logOut(tokens.LogOut{Access: third.AccessToken})
		for _, pair := range []tokens.Pair{first, second, third} {
			a.dead(pair.AccessToken)
		}
	})
}

// A kill that is forgotten before the last token that it is about brings that token back to life.
func TestC12AKillOutlivesEveryTokenThatItIsAbout(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		pair := a.login("ann")
		before, err := a.store.Clock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		a.logOut(tokens.LogOut{Access: pair.AccessToken})
		entries := a.kills(revocation.KillSession(pair.Session).Key)
		if len(entries) != 1 {
			t.Fatalf("got %v", entries)
		}
		if got, want := entries[0].Until, revocation.Until(before, accessTTL); got.Before(want) {
			t.Errorf("it is kept until %v, want %v at least", got, want)
		}
	})
}

// C3: whatever the order, once both have answered nothing of the session works.
func TestC3NothingWorksOnceALogoutAndARefreshHaveBothAnswered(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a, b := w.start(), w.start()
		a.user("ann")
		for range 100 {
			first := a.openAs(a.proven("ann"))
			pairs := together(2, func(k int) tokens.Pair {
				if k == 0 {
					a.logOut(tokens.LogOut{Access: first.AccessToken})
					return tokens.Pair{}
				}
				pair, err := b.Refresh(t.Context(), first.RefreshToken, home)
				if err != nil && !errors.Is(err, tokens.ErrSessionRevoked) {
					t.Errorf("refresh: %v", err)
				}
				return pair
			})
			a.refused(first.RefreshToken, tokens.ErrSessionRevoked)
			if second := pairs[1]; second.RefreshToken != "" {
				b.refused(second.RefreshToken, tokens.ErrSessionRevoked)
				b.dead(second.AccessToken)
			}
		}
	})
}

func TestADeadOrExpiredAccessTokenStillLogsItsSessionOut(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		pair := a.login("ann")
		w.pass(accessTTL + time.Minute)
		a.dead(pair.AccessToken)
		a.logOut(tokens.LogOut{Access: pair.AccessToken})
		a.refused(pair.RefreshToken, tokens.ErrSessionRevoked)
	})
}

func TestARefreshTokenOfAnyGenerationLogsItsSessionOut(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		last := a.refresh(a.refresh(first.RefreshToken).RefreshToken)
		a.logOut(tokens.LogOut{Refresh: first.RefreshToken})
		a.refused(last.RefreshToken, tokens.ErrSessionRevoked)
		if a.count(audit.SessionEnded, audit.Reuse) != 0 {
			t.Error("a logout was taken for reuse")
		}
	})
}

func TestWhatIsNotOursLogsNobodyOut(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		pair := a.login("ann")
		for what, request := range map[string]tokens.LogOut{
			"nothing":               {},
			"garbage":               {Access: "a.b.c"},
			"a garbled refresh":     {Refresh: pair.RefreshToken[:95] + "!"},
			"the two swapped (A27)": {Access: pair.RefreshToken, Refresh: pair.AccessToken},
			"one good, one garbled": {Access: pair.AccessToken, Refresh: "art_"},
		} {
			for _, scope := range []tokens.Scope{"", tokens.ScopeOthers, tokens.ScopeAll} {
				request.Scope = scope
				if err := a.LogOut(t.Context(), request); !errors.Is(err, tokens.ErrTokenInvalid) {
					t.Errorf("%s, scope %q: got %v, want %v", what, scope, err, tokens.ErrTokenInvalid)
				}
			}
		}
		a.alive(pair.AccessToken)
	})
}

// Two services on one database share its keys, so the signature alone does not tell whose a token is.
func TestAnAccessTokenOfAnotherIssuerIsNotOurs(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		b := w.start(func(c *tokens.Config) { c.Issuer = "https://other.test" })
		pair := b.login("ann")
		a.dead(pair.AccessToken)
		if err := a.LogOut(t.Context(), tokens.LogOut{Access: pair.AccessToken}); !errors.Is(err, tokens.ErrTokenInvalid) {
			t.Errorf("log out: got %v, want %v", err, tokens.ErrTokenInvalid)
		}
		b.alive(pair.AccessToken)
	})
}

func TestTokensOfTwoSessionsAreRefusedTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		one, two := a.login("ann"), a.openAs(a.proven("ann"))
		err := a.LogOut(t.Context(), tokens.LogOut{Access: one.AccessToken, Refresh: two.RefreshToken})
		if auth.KindOf(err) != auth.InvalidRequest {
			t.Errorf("got %v, want an invalid request", err)
		}
		a.alive(one.AccessToken)
		a.alive(two.AccessToken)
		a.logOut(tokens.LogOut{Access: one.AccessToken, Refresh: one.RefreshToken})
		a.dead(one.AccessToken)
	})
}

func TestAnUnknownScopeDoesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		pair := a.login("ann")
		err := a.LogOut(t.Context(), tokens.LogOut{Access: pair.AccessToken, Scope: "everything"})
		if auth.KindOf(err) != auth.InvalidRequest {
			t.Errorf("got %v", err)
		}
		a.alive(pair.AccessToken)
	})
}

func TestScopeOthersKillsEveryOtherSessionAndLeavesTheEpoch(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		mine, phone, tablet := a.login("ann"), a.openAs(a.proven("ann")), a.openAs(a.proven("ann"))
		bob := a.login("bob")
		epoch := a.proven("ann").Epoch
		a.logOut(tokens.LogOut{Access: mine.AccessToken, Scope: tokens.ScopeOthers})
		for _, other := range []tokens.Pair{phone, tablet} {
			a.refused(other.RefreshToken, tokens.ErrSessionRevoked)
			a.dead(other.AccessToken)
			if !a.killed(other.Session) {
				t.Error("the feed does not have a session that was ended")
			}
		}
		a.alive(bob.AccessToken)
		a.alive(mine.AccessToken)
		a.logOut(tokens.LogOut{Refresh: mine.RefreshToken, Scope: tokens.ScopeOthers}) // nobody is left: fine
		a.refresh(mine.RefreshToken)
		if got := a.proven("ann").Epoch; got != epoch {
			t.Errorf("got epoch %d, want %d", got, epoch)
		}
	})
}

func TestScopeAllRaisesTheEpoch(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		mine, phone := a.login("ann"), a.openAs(a.proven("ann"))
		bob := a.login("bob")
		before := a.proven("ann")
		a.logOut(tokens.LogOut{Refresh: mine.RefreshToken, Scope: tokens.ScopeAll})
		for _, pair := range []tokens.Pair{mine, phone} {
			a.refused(pair.RefreshToken, tokens.ErrSessionRevoked)
			a.dead(pair.AccessToken)
		}
		a.alive(bob.AccessToken)
		after := a.proven("ann")
		if after.Epoch != before.Epoch+1 {
			t.Errorf("got epoch %d, want %d", after.Epoch, before.Epoch+1)
		}
		entries := a.kills(revocation.KillBelow(after.User, 0).Key)
		if len(entries) != 1 || entries[0].Value != int64(after.Epoch) {
			t.Errorf("got entries %v", entries)
		}
	})
}

// C6: no time is compared, so the second of the day does not matter.
func TestC6ALoginAfterALogoutOfAllInTheSameSecondLives(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		for range 5 {
			if _, _, found, _ := a.store.CredentialsByName(t.Context(), "ann"); !found {
				a.user("ann")
			}
			before := a.openAs(a.proven("ann"))
			a.logOut(tokens.LogOut{Access: before.AccessToken, Scope: tokens.ScopeAll})
			after := a.openAs(a.proven("ann"))
			a.dead(before.AccessToken)
			a.alive(after.AccessToken)
		}
	})
}

// C5: a password that was proven before a logout of everything opens nothing after it.
func TestC5ALoginThatWasUnderWayDuringALogoutOfAllIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		pair := a.login("ann")
		proven := a.proven("ann")
		a.logOut(tokens.LogOut{Access: pair.AccessToken, Scope: tokens.ScopeAll})
		if _, err := a.Open(t.Context(), proven); !errors.Is(err, tokens.ErrUserChanged) {
			t.Errorf("got %v, want %v", err, tokens.ErrUserChanged)
		}
	})
}

func TestScopesBeyondOneSessionNeedALiveToken(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		other := a.login("ann")
		for _, scope := range []tokens.Scope{tokens.ScopeOthers, tokens.ScopeAll} {
			refuses := func(what string, request tokens.LogOut, want *auth.Error) {
				t.Helper()
				request.Scope = scope
				if err := a.LogOut(t.Context(), request); !errors.Is(err, want) {
					t.Errorf("%s, scope %s: got %v, want %v", what, scope, err, want)
				}
				a.alive(other.AccessToken)
			}
			ended := a.openAs(a.proven("ann"))
			a.logOut(tokens.LogOut{Access: ended.AccessToken})
			refuses("an ended session's access token", tokens.LogOut{Access: ended.AccessToken}, tokens.ErrTokenInvalid)
			refuses("an ended session's refresh token", tokens.LogOut{Refresh: ended.RefreshToken}, tokens.ErrSessionRevoked)

			first := a.openAs(a.proven("ann"))
			last := a.refresh(a.refresh(first.RefreshToken).RefreshToken)
			refuses("an old refresh token", tokens.LogOut{Refresh: first.RefreshToken}, tokens.ErrRefreshTokenReused)
			refuses("its session's newest, after that", tokens.LogOut{Refresh: last.RefreshToken}, tokens.ErrRefreshTokenReused)
		}
	})
}

func TestTheParentInsideTheWindowMayEndAll(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		second := a.refresh(first.RefreshToken)
		a.logOut(tokens.LogOut{Refresh: first.RefreshToken, Scope: tokens.ScopeAll})
		a.refused(second.RefreshToken, tokens.ErrSessionRevoked)
	})
}

func TestAnExpiredAccessTokenMayNotEndAll(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		pair := a.login("ann")
		w.pass(accessTTL)
		err := a.LogOut(t.Context(), tokens.LogOut{Access: pair.AccessToken, Scope: tokens.ScopeAll})
		if !errors.Is(err, tokens.ErrTokenInvalid) {
			t.Errorf("got %v", err)
		}
		a.refresh(pair.RefreshToken)
	})
}

func TestManyLogoutsAtOnceWriteOneEntryEach(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a, b := w.start(), w.start()
		var pairs []tokens.Pair
		for k := range 20 {
			pairs = append(pairs, a.login(fmt.Sprint("user", k)))
		}
		together(4*len(pairs), func(k int) error {
			[]*instance{a, b}[k%2].logOut(tokens.LogOut{Access: pairs[k/4].AccessToken})
			return nil
		})
		for _, pair := range pairs {
			if !a.killed(pair.Session) {
				t.Errorf("%s is not in the feed", pair.Session)
			}
		}
		if got := a.count(audit.SessionEnded, "") + b.count(audit.SessionEnded, ""); got != len(pairs) {
			t.Errorf("got %d ends of %d sessions", got, len(pairs))
		}
	})
}

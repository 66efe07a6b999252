package tokens_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/store/everystore"
	"github.com/authd/authd/internal/tokens"
)

// somebody is a client that proved its secret.
var somebody = auth.ClientID{1: 1, 15: 9}

func (i *instance) revoke(token string, holder auth.ClientID) {
	i.t.Helper()
	if err := i.RevokePresented(i.t.Context(), token, holder, home); err != nil {
		i.t.Errorf("revoke: %v", err)
	}
}

// introspect asks as one who goes by audience, by what is committed now.
func (i *instance) introspect(token string, audience ...string) (tokens.Introspection, bool) {
	i.t.Helper()
	everystore.CatchUp(i.t, i.live)
	in, live, err := i.Introspect(i.t.Context(), token, audience)
	if err != nil {
		i.t.Errorf("introspect: %v", err)
	}
	return in, live
}

func TestARevokedAccessTokenDiesAloneAndOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		second := a.refresh(first.RefreshToken)
		for range 3 {
			a.revoke(first.AccessToken, auth.ClientID{})
		}
		a.dead(first.AccessToken)
		a.alive(second.AccessToken) // the session goes on
		a.refresh(second.RefreshToken)
		if got := a.count(audit.TokenRevoked, ""); got != 1 {
			t.Errorf("got %d events, want 1", got)
		}
		for _, e := range a.all {
			if e.Name == audit.TokenRevoked && (auth.SessionID(e.Session) != first.Session || e.User == [16]byte{} || e.Subject == "") {
				t.Errorf("the event does not say whose token it was: %+v", e)
			}
		}
	})
}

func TestARevocationIsHeardOfByTheOtherInstances(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a, b := w.start(), w.start()
		first := a.login("ann")
		second := a.refresh(first.RefreshToken)
		a.revoke(first.AccessToken, auth.ClientID{})
		b.dead(first.AccessToken)
		if _, live := b.introspect(second.AccessToken); !live {
			t.Error("the other token of the session died too")
		}
		b.revoke(second.RefreshToken, auth.ClientID{})
		if _, live := a.introspect(second.AccessToken); live {
			t.Error("a token outlived its session")
		}
	})
}

func TestARevokedRefreshTokenEndsItsSession(t *testing.T) { // C1, of RFC 7009
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		a.user("ann")
		for _, old := range []bool{false, true} {
			first := a.openAs(a.proven("ann"))
			shown, second := first.RefreshToken, a.refresh(first.RefreshToken)
			if !old {
				shown = second.RefreshToken
			}
			for range 3 {
				a.revoke(shown, auth.ClientID{})
			}
			a.dead(second.AccessToken)
			a.refused(second.RefreshToken, tokens.ErrSessionRevoked)
			if !a.killed(first.Session) {
				t.Error("the feed does not have the session")
			}
		}
		if got := a.count(audit.SessionEnded, audit.Logout); got != 2 {
			t.Errorf("got %d events, want 2", got)
		}
	})
}

func TestC4WhatDoesNotWorkIsRevokedWithoutAWord(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		pair := a.login("ann")
		over := a.login("ben")
		a.logOut(tokens.LogOut{Access: over.AccessToken})
		everystore.CatchUp(t, a.live)
		head := a.head()
		for _, holder := range []auth.ClientID{{}, somebody} {
			for _, token := range []string{"", "x", "a.b.c", "art_", "art_x", flip(pair.RefreshToken, 30), flip(pair.AccessToken, 200)} {
				a.revoke(token, holder)
			}
		}
		a.revoke(over.AccessToken, auth.ClientID{})
		w.pass(accessTTL + 2*time.Minute)
		everystore.CatchUp(t, a.live)
		a.revoke(pair.AccessToken, auth.ClientID{}) // expired
		if got := a.head(); got != head {
			t.Errorf("the feed has grown from %d to %d", head, got)
		}
		a.refresh(pair.RefreshToken)
	})
}

func TestC10AClientRevokesNoTokenOfAnother(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		pair := a.login("ann")
		for _, token := range []string{pair.AccessToken, pair.RefreshToken} {
			if err := a.RevokePresented(t.Context(), token, somebody, home); !errors.Is(err, tokens.ErrForeignToken) {
				t.Errorf("got %v, want %v", err, tokens.ErrForeignToken)
			}
		}
		a.alive(pair.AccessToken)
		a.refresh(pair.RefreshToken)
	})
}

func TestB19AnotherClientsNameRefreshesNothingAndEndsNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		pair := a.login("ann")
		if err := a.RefuseRefresh(t.Context(), pair.RefreshToken, somebody, home); !errors.Is(err, tokens.ErrWrongClient) {
			t.Errorf("got %v, want %v", err, tokens.ErrWrongClient)
		}
		if err := a.RefuseRefresh(t.Context(), flip(pair.RefreshToken, 30), somebody, home); !errors.Is(err, tokens.ErrRefreshTokenInvalid) {
			t.Errorf("forged: got %v, want %v", err, tokens.ErrRefreshTokenInvalid)
		}
		at := slices.IndexFunc(a.all, func(e audit.Event) bool { return e.Name == audit.RefreshRefused })
		if at < 0 || auth.SessionID(a.all[at].Session) != pair.Session || a.all[at].Subject != somebody.String() || a.all[at].User == [16]byte{} {
			t.Errorf("the events do not say who showed whose token: %+v", a.all)
		}
		if got := a.count(audit.RefreshRefused, audit.WrongClient); got != 1 {
			t.Errorf("got %d events, want 1", got)
		}
		if row := a.row(pair.Session); row.Generation != 0 || !row.EndedAt.IsZero() {
			t.Errorf("the session was touched: %+v", row.Session)
		}
		a.refresh(pair.RefreshToken)
	})
}

func TestC25OnlyALiveAccessTokenForTheAskerIsTold(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		other := w.start(func(c *tokens.Config) { c.Audience = []string{"https://other.test"} })
		pair := a.login("ann")
		in, live := a.introspect(pair.AccessToken)
		if !live || in.Session != pair.Session.String() || in.Client != "authd" || in.ID == "" || in.Issuer != "https://issuer.test" ||
			!slices.Equal(in.Audience, []string{"https://api.test"}) || in.Expiry.Sub(in.IssuedAt) != accessTTL || in.AuthTime.IsZero() {
			t.Errorf("got %+v, %t", in, live)
		}
		foreign := other.openAs(other.proven("ann"))
		if _, live := a.introspect(foreign.AccessToken); live {
			t.Error("a token for somebody else is told")
		}
		if _, live := a.introspect(foreign.AccessToken, "https://other.test"); !live {
			t.Error("a token for the asker is not told")
		}
		for name, token := range map[string]string{"nothing": "", "garbage": "x.y.z", "refresh": pair.RefreshToken,
			"forged": flip(pair.AccessToken, 200)} {
			if in, live := a.introspect(token); live || in.Subject != "" {
				t.Errorf("%s: got %+v, %t", name, in, live)
			}
		}
		a.logOut(tokens.LogOut{Access: pair.AccessToken})
		if in, live := a.introspect(pair.AccessToken); live || in.Subject != "" {
			t.Errorf("revoked: got %+v, %t", in, live)
		}
		again := a.openAs(a.proven("ann"))
		w.pass(accessTTL)
		if in, live := a.introspect(again.AccessToken); live || in.Subject != "" {
			t.Errorf("expired: got %+v, %t", in, live)
		}
	})
}

// head is how long the feed is.
func (i *instance) head() int64 {
	i.t.Helper()
	reading, err := i.store.Follow(i.t.Context(), 0, 1)
	if err != nil {
		i.t.Fatal(err)
	}
	return reading.Head.Seq
}

// flip changes one letter of a token.
func flip(token string, at int) string {
	b := []byte(token)
	if b[at]++; b[at] == '-' || b[at] == '.' || !isBase64url(b[at]) {
		b[at] = 'A'
	}
	return string(b)
}

func isBase64url(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// Each kill of a token is kept by every verifier, and who holds a refresh token gets access tokens without end.
func TestWhoRevokesOneAccessTokenAfterTheOtherEndsTheSession(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first, other := a.login("ann"), a.login("bob")
		for n := range 17 {
			first.AccessToken = a.refresh(first.RefreshToken).AccessToken // the retry of the same rotation
			a.revoke(first.AccessToken, auth.ClientID{})
			a.dead(first.AccessToken)
			if ended := a.killed(first.Session); ended != (n == 16) {
				t.Fatalf("after %d tokens the session has ended: %t", n+1, ended)
			}
		}
		a.refused(first.RefreshToken, tokens.ErrSessionRevoked)
		a.refresh(other.RefreshToken)
	})
}

func TestATokenRevokedNowAndThenEndsNoSession(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		pair := a.login("ann")
		for range 20 {
			a.revoke(pair.AccessToken, auth.ClientID{})
			w.pass(accessTTL)
			everystore.CatchUp(t, a.live)
			pair = a.refresh(pair.RefreshToken)
		}
		a.alive(pair.AccessToken)
	})
}

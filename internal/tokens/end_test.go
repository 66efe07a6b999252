package tokens_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

var operator = tokens.Origin{Actor: audit.Admin}

// holder is whom a pair speaks for.
func (i *instance) holder(p tokens.Pair) tokens.Principal {
	i.t.Helper()
	principal, err := i.Authenticate(i.t.Context(), p.AccessToken)
	if err != nil {
		i.t.Fatal(err)
	}
	return principal
}

func (i *instance) wants(what string, got error, want error) {
	i.t.Helper()
	if !errors.Is(got, want) || (want == nil) != (got == nil) {
		i.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestAUserEndsSessionsOfTheirOwnAlone(t *testing.T) { // C28
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		mine, phone, bens := a.login("ann"), a.openAs(a.proven("ann")), a.login("ben")
		ann := a.holder(mine)
		a.wants("somebody else's", a.EndOwn(t.Context(), ann, bens.Session, home), tokens.ErrSessionNotFound)
		a.wants("nobody's", a.EndOwn(t.Context(), ann, auth.SessionID{1}, home), tokens.ErrSessionNotFound)
		a.alive(bens.AccessToken)
		a.wants("another of one's own", a.EndOwn(t.Context(), ann, phone.Session, home), nil)
		a.wants("the same again", a.EndOwn(t.Context(), ann, phone.Session, home), nil)
		a.dead(phone.AccessToken)
		a.refused(phone.RefreshToken, tokens.ErrSessionRevoked)
		if row := a.row(phone.Session); row.EndReason != audit.EndedByUser || !a.killed(phone.Session) {
			t.Errorf("the row says %q", row.EndReason)
		}
		if a.count(audit.SessionEnded, audit.EndedByUser) != 1 {
			t.Error("want one end recorded")
		}
		a.wants("the token's own", a.EndOwn(t.Context(), ann, mine.Session, home), nil)
		a.wants("in the name of an ended one", a.EndOwn(t.Context(), ann, bens.Session, home), tokens.ErrTokenInvalid)
		a.refresh(bens.RefreshToken)
	})
}

// Whoever was logged out a moment ago must not end the sessions that are left.
func TestNoSessionEndsInTheNameOfOneThatWasJustEnded(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		other := w.start()
		var thief tokens.Pair
		a := w.start(func(c *tokens.Config) {
			c.Store = &between{Store: c.Store, do: func() { other.logOut(tokens.LogOut{Access: thief.AccessToken}) }}
		})
		thief = a.login("ann")
		phone := a.openAs(a.proven("ann"))
		a.wants("end", a.EndOwn(t.Context(), a.holder(thief), phone.Session, home), tokens.ErrTokenInvalid)
		a.alive(phone.AccessToken)
		a.refresh(phone.RefreshToken)
	})
}

// Commands open the store beside a server, and run no lanes.
func TestAnOperatorEndsAnySessionWithoutTheLanes(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		server, command := w.start(), w.start()
		command.stop()
		pair := server.login("ann")
		command.wants("nobody's", command.EndSession(t.Context(), auth.SessionID{1}, operator), tokens.ErrSessionNotFound)
		command.wants("a live one", command.EndSession(t.Context(), pair.Session, operator), nil)
		command.wants("an ended one", command.EndSession(t.Context(), pair.Session, operator), nil)
		server.dead(pair.AccessToken)
		server.refused(pair.RefreshToken, tokens.ErrSessionRevoked)
		info, err := command.Session(t.Context(), pair.Session)
		if err != nil || info.Live || info.EndReason != audit.EndedByOperator || info.EndedAt.IsZero() {
			t.Errorf("got %+v, %v", info, err)
		}
		if _, err := command.Session(t.Context(), auth.SessionID{1}); !errors.Is(err, tokens.ErrSessionNotFound) {
			t.Errorf("nobody's: got %v", err)
		}
		if command.count(audit.SessionEnded, audit.EndedByOperator) != 1 || command.all[0].Actor != audit.Admin {
			t.Errorf("recorded %+v", command.all)
		}
	})
}

func TestManyOperatorsWhoEndOneSessionEndItOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		all := []*instance{w.start(), w.start()}
		pair := all[0].login("ann")
		for _, err := range together(12, func(k int) error { return all[k%2].EndSession(t.Context(), pair.Session, operator) }) {
			all[0].wants("end", err, nil)
		}
		ends := all[0].count(audit.SessionEnded, "") + all[1].count(audit.SessionEnded, "")
		if ends != 1 || !all[0].killed(pair.Session) {
			t.Errorf("recorded %d ends", ends)
		}
	})
}

func TestAnAccessTokenIsRevokedByItsIDAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		first := a.login("ann")
		second := a.refresh(first.RefreshToken)
		id, err := auth.ParseTokenID(claimsOf(t, first.AccessToken)["jti"].(string))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			a.wants("revoke", a.RevokeToken(t.Context(), id, operator), nil)
		}
		a.dead(first.AccessToken)
		a.alive(second.AccessToken)
		a.refresh(second.RefreshToken)
		if a.count(audit.TokenRevoked, "") != 1 || a.all[len(a.all)-1].Subject != id.String() {
			t.Errorf("recorded %+v", a.all)
		}
	})
}

func TestTheListHasWhatIsLiveByTheOneRule(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.start()
		expired := a.login("ann")
		w.pass(idleTTL)
		below := a.openAs(a.proven("ann"))
		if err := a.setPassword(a.proven("ann").User); err != nil {
			t.Fatal(err)
		}
		ended, first, last := a.openAs(a.proven("ann")), a.openAs(a.proven("ann")), a.openAs(a.proven("ann"))
		a.logOut(tokens.LogOut{Access: ended.AccessToken})
		w.pass(time.Second)
		first = a.refresh(first.RefreshToken)

		mine, err := a.Sessions.Sessions(t.Context(), a.holder(last))
		if err != nil {
			t.Fatal(err)
		}
		got := map[auth.SessionID]bool{}
		for _, info := range mine {
			got[info.ID] = info.Current
		}
		if len(mine) != 2 || mine[0].ID != first.Session || mine[1].ID != last.Session || got[first.Session] || !got[last.Session] {
			t.Errorf("got %+v", mine)
		}
		theirs, err := a.UserSessions(t.Context(), a.proven("ann").User)
		if err != nil || len(theirs) != 2 || theirs[0].Current || theirs[1].Current || !theirs[0].Live {
			t.Errorf("an operator's list: %+v, %v", theirs, err)
		}
		for _, pair := range []tokens.Pair{expired, below, ended} {
			holder := tokens.Principal{User: a.proven("ann").User, Session: pair.Session}
			if _, err := a.Sessions.Sessions(t.Context(), holder); !errors.Is(err, tokens.ErrTokenInvalid) {
				t.Errorf("a dead session lists: %v", err)
			}
			a.wants("check", a.Check(t.Context(), holder), tokens.ErrTokenInvalid)
			if info, err := a.Session(t.Context(), pair.Session); err != nil || info.Live {
				t.Errorf("a dead session is shown as %+v, %v", info, err)
			}
		}
		a.wants("check", a.Check(t.Context(), a.holder(last)), nil)
		if _, err := a.UserSessions(t.Context(), auth.UserID{1}); !errors.Is(err, tokens.ErrUserNotFound) {
			t.Errorf("nobody's: got %v", err)
		}
	})
}

// claimsOf reads the claims of a token without looking at its signature.
func claimsOf(t *testing.T, access string) (claims map[string]any) {
	t.Helper()
	body, err := base64.RawURLEncoding.DecodeString(strings.Split(access, ".")[1])
	if err == nil {
		err = json.Unmarshal(body, &claims)
	}
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

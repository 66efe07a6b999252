package accounts_test

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/store/everystore"
	"github.com/authd/authd/internal/tokens"
)

var operator = tokens.Origin{Actor: audit.Admin, UserAgent: "console"}

// setRoles gives a user other roles.
func (h *house) setRoles(ctx context.Context, id auth.UserID, roles []string) error {
	_, err := h.Change(ctx, id, accounts.Change{Roles: &roles}, operator)
	return err
}

// live says whether a pair's tokens still speak for their user, once this house has read what was
// committed before, by whomever.
func (h *house) live(p tokens.Pair) bool {
	h.t.Helper()
	everystore.CatchUp(h.t, h.follower)
	_, err := h.sessions.Authenticate(h.t.Context(), p.AccessToken)
	if err != nil && !errors.Is(err, tokens.ErrTokenInvalid) {
		h.t.Fatal(err)
	}
	return err == nil
}

// ended says that nothing of a session works any more.
func (h *house) ended(what string, p tokens.Pair, want *auth.Error) {
	h.t.Helper()
	if h.live(p) {
		h.t.Errorf("%s: the access token is live", what)
	}
	if _, err := h.sessions.Refresh(h.t.Context(), p.RefreshToken, nowhere); !errors.Is(err, want) {
		h.t.Errorf("%s: refresh: got %v, want %v", what, err, want)
	}
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// principal is whom a pair speaks for.
func (h *house) principal(p tokens.Pair) tokens.Principal {
	h.t.Helper()
	principal, err := h.sessions.Authenticate(h.t.Context(), p.AccessToken)
	h.must(err)
	return principal
}

func (h *house) recorded(name audit.Name) (found []audit.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		if e.Name == name {
			found = append(found, e)
		}
	}
	return found
}

func TestC8WhoIsEnabledAgainGetsNoOldTokenBack(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ann := h.register("ann", good)
		before := h.opens("ann", good)
		h.must(h.SetDisabled(t.Context(), ann.ID, true, operator))
		h.ended("disabled", before, tokens.ErrSessionRevoked)
		h.refuses("disabled", "ann", good)
		if user, err := h.User(t.Context(), ann.ID); err != nil || user.DisabledAt.IsZero() {
			t.Errorf("got %+v, %v, want disabled", user, err)
		}

		h.must(h.SetDisabled(t.Context(), ann.ID, false, operator))
		h.ended("enabled again", before, tokens.ErrSessionRevoked)
		if !h.live(h.opens("ann", good)) {
			t.Error("a session opened after it is dead")
		}
		for _, e := range h.recorded(audit.SessionsEnded) {
			if e.Reason != audit.Disabled || e.Actor != audit.Admin || e.User != ann.ID || e.UserAgent != "console" {
				t.Errorf("recorded %+v", e)
			}
		}
	})
}

func TestWhatIsSoAlreadyIsDoneAgainWithoutATrace(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ann := h.register("ann", good)
		h.must(h.SetDisabled(t.Context(), ann.ID, false, operator))
		h.must(h.setRoles(t.Context(), ann.ID, nil))
		session := h.opens("ann", good)
		h.must(h.setRoles(t.Context(), ann.ID, []string{"a", "b"}))
		h.must(h.setRoles(t.Context(), ann.ID, []string{"a", "b"}))
		if !h.live(session) {
			t.Error("roles ended a session")
		}
		h.must(h.SetDisabled(t.Context(), ann.ID, true, operator))
		user, err := h.User(t.Context(), ann.ID)
		h.must(err)
		h.must(h.SetDisabled(t.Context(), ann.ID, true, operator))
		again, err := h.User(t.Context(), ann.ID)
		h.must(err)
		if again.Epoch != user.Epoch || !again.DisabledAt.Equal(user.DisabledAt) {
			t.Errorf("got %+v, want what was: %+v", again, user)
		}
		for name, want := range map[audit.Name]int{audit.UserEnabled: 0, audit.RolesSet: 1, audit.UserDisabled: 1, audit.SessionsEnded: 1} {
			if got := h.count(name); got != want {
				t.Errorf("%s: recorded %d times, want %d", name, got, want)
			}
		}
	})
}

func TestC6AfterARevocationASignInInTheSameSecondLives(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ann := h.register("ann", good)
		for range 3 { // of which two fall into one second, whatever the store's speed
			before := h.opens("ann", good)
			h.must(h.Revoke(t.Context(), ann.ID, operator))
			after := h.opens("ann", good)
			h.ended("before", before, tokens.ErrSessionRevoked)
			if !h.live(after) {
				t.Error("a session opened after the revocation is dead")
			}
		}
		if e := h.recorded(audit.SessionsEnded); len(e) != 3 || e[0].Reason != audit.Revoked {
			t.Errorf("recorded %+v", e)
		}
	})
}

func TestRolesReachTheNextRefresh(t *testing.T) { // B27
	onBoth(t, func(t *testing.T, h *house) {
		ann := h.register("ann", good)
		session := h.opens("ann", good)
		h.must(h.setRoles(t.Context(), ann.ID, []string{"editor"}))
		if got, err := h.User(t.Context(), ann.ID); err != nil || !slices.Equal(got.Roles, []string{"editor"}) {
			t.Errorf("got %v, %v", got.Roles, err)
		}
		pair, err := h.sessions.Refresh(t.Context(), session.RefreshToken, nowhere)
		h.must(err)
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(pair.AccessToken, ".")[1])
		h.must(err)
		if !h.live(pair) || !strings.Contains(string(payload), `"roles":["editor"]`) {
			t.Errorf("the new access token says %s", payload)
		}
	})
}

func TestRolesAreWordsThatFitIntoATokenAndAScope(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ann := h.register("ann", good)
		var many []string
		for i := range 33 {
			many = append(many, strings.Repeat("r", i+1))
		}
		for name, roles := range map[string][]string{
			"a blank": {"a b"}, "none": {""}, "a quote": {`a"b`}, "a backslash": {`a\b`}, "a line break": {"a\n"},
			"another alphabet": {"zoë"}, "long": {strings.Repeat("r", 65)}, "twice": {"a", "b", "a"}, "many": many,
		} {
			if err := h.setRoles(t.Context(), ann.ID, roles); !errors.Is(err, accounts.ErrRolesInvalid) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		for _, roles := range [][]string{{"a", strings.Repeat("r", 64), "urn:x:admin/2#'~!"}, many[:32], {}} {
			if err := h.setRoles(t.Context(), ann.ID, roles); err != nil {
				t.Errorf("%q: %v", roles, err)
			}
		}
	})
}

func TestNobodyCannotBeChanged(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		for name, err := range h.everyDeed(t.Context(), auth.UserID{1}) {
			if !errors.Is(err, accounts.ErrUserNotFound) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if len(h.events) != 0 {
			t.Errorf("recorded %+v", h.events)
		}
	})
}

// everyDeed does to a user all that an operator can do, the last thing last.
func (h *house) everyDeed(ctx context.Context, id auth.UserID) map[string]error {
	_, _, issue := h.IssueReset(ctx, id, operator)
	return map[string]error{
		"disable": h.SetDisabled(ctx, id, true, operator), "enable": h.SetDisabled(ctx, id, false, operator),
		"roles": h.setRoles(ctx, id, []string{"a"}), "revoke": h.Revoke(ctx, id, operator),
		"password": h.SetPassword(ctx, accounts.User{ID: id}, good, operator), "reset": issue,
		"delete": h.Delete(ctx, id, operator),
	}
}

// C9: what cannot be stored is not said to be done.
func TestC9WithoutItsStoreNothingIsSaidToBeDone(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ann := h.register("ann", good)
		h.must(h.store.Close())
		for name, err := range h.everyDeed(t.Context(), ann.ID) {
			if auth.KindOf(err) != auth.Unavailable {
				t.Errorf("%s: got %v, want unavailable", name, err)
			}
		}
		if h.count(audit.SessionsEnded) != 0 {
			t.Error("an end was recorded")
		}
	})
}

// B20, C5: whatever was under way when a user was disabled or deleted comes to nothing.
func TestB20NothingLivesAfterADisablingOrADeletionAmongLogins(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		a, b := build(t, open, bcrypt.MinCost), build(t, open, bcrypt.MinCost)
		for name, deed := range map[string]func(auth.UserID) error{
			"disabled": func(id auth.UserID) error { return a.SetDisabled(t.Context(), id, true, operator) },
			"deleted":  func(id auth.UserID) error { return a.Delete(t.Context(), id, operator) },
		} {
			user := a.register(name, good)
			first := a.opens(name, good)
			var mu sync.Mutex
			pairs := []tokens.Pair{first}
			var wg sync.WaitGroup
			for i := range 8 {
				h := []*house{a, b}[i%2]
				wg.Go(func() {
					pair, err := h.login(name, good)
					if i%4 == 1 {
						pair, err = h.sessions.Refresh(t.Context(), first.RefreshToken, nowhere)
					}
					switch kind := auth.KindOf(err); {
					case err == nil:
						mu.Lock()
						pairs = append(pairs, pair)
						mu.Unlock()
					case kind != auth.InvalidCredentials && kind != auth.InvalidGrant && kind != auth.Unavailable:
						t.Error(err)
					}
				})
			}
			wg.Go(func() {
				if err := deed(user.ID); err != nil {
					t.Error(err)
				}
			})
			wg.Wait()
			for _, pair := range pairs {
				if _, err := b.sessions.Refresh(t.Context(), pair.RefreshToken, nowhere); auth.KindOf(err) != auth.InvalidGrant {
					t.Errorf("%s: a refresh token is answered %v", name, err)
				}
				if b.live(pair) {
					t.Errorf("%s: an access token is live", name)
				}
			}
			a.refuses(name, name, good)
		}
	})
}

func TestADeletedUserLeavesNothingButWhatHappened(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ann := h.register("ann", good)
		before := h.opens("ann", good)
		h.must(h.Delete(t.Context(), ann.ID, tokens.Origin{Actor: audit.CLI, UserAgent: "a program"}))
		h.ended("deleted", before, tokens.ErrRefreshTokenInvalid)
		h.refuses("deleted", "ann", good)
		if err := h.Delete(t.Context(), ann.ID, operator); !errors.Is(err, accounts.ErrUserNotFound) {
			t.Errorf("again: got %v", err)
		}
		for _, e := range slices.Concat(h.recorded(audit.UserDeleted), h.recorded(audit.SessionsEnded)) {
			if e.User != ann.ID || e.Actor != audit.CLI || e.UserAgent != "" {
				t.Errorf("recorded %+v", e)
			}
		}
		if h.count(audit.UserDeleted) != 1 || h.count(audit.SessionsEnded) != 1 {
			t.Error("want one deletion and one end of everything recorded")
		}
	})
}

package tokens_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// said is what an access token says of its user.
type said struct {
	Subject  string   `json:"sub"`
	Session  string   `json:"sid"`
	Roles    []string `json:"roles"`
	AuthTime int64    `json:"auth_time"`
	IssuedAt int64    `json:"iat"`
}

func says(t *testing.T, access string) (s said) {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(access, ".")[1])
	if err == nil {
		err = json.Unmarshal(payload, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// setRoles is what an operator does to a user.
func (i *instance) setRoles(id auth.UserID, roles ...string) {
	i.t.Helper()
	if err := i.Change(i.t.Context(), id, tokens.Deed{Name: audit.RolesSet, Origin: home,
		Decide: func(*tokens.Moment) (tokens.UserChange, bool, error) {
			return tokens.UserChange{Roles: &roles}, true, nil
		},
	}); err != nil {
		i.t.Fatal(err)
	}
}

// Whichever way a token is made after the change: by a login that was under way, a rotation, or a retry
// of one before, at whichever instance.
func TestB27RolesAreThoseOfTheMomentInEveryTokenMadeAfterAChange(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		here, there := w.start(), w.start()
		ada := here.user("ada")
		here.setRoles(ada.User, "admin", "editor")
		opened := here.openAs(here.proven("ada"))
		shows := func(what string, pair tokens.Pair, want ...string) {
			t.Helper()
			if got := says(t, pair.AccessToken).Roles; !slices.Equal(got, want) {
				t.Errorf("%s: got the roles %q, want %q", what, got, want)
			}
		}
		shows("a login", opened, "admin", "editor")
		rotated := there.refresh(opened.RefreshToken)
		shows("a refresh", rotated, "admin", "editor")

		under := here.proven("ada") // a login that has read the user, and opens its session after the change
		here.setRoles(ada.User, "editor")
		shows("a login that was under way", here.openAs(under), "editor")
		shows("a retry of the refresh before the change", there.refresh(opened.RefreshToken), "editor")
		rotated = there.refresh(rotated.RefreshToken)
		shows("a refresh after it", rotated, "editor")
		here.setRoles(ada.User)
		shows("a refresh after all were taken", here.refresh(rotated.RefreshToken))
	})
}

// B28: a service that wants a fresh login goes by auth_time, which no refresh makes younger.
func TestB28AuthTimeIsTheLoginsHoweverOftenASessionIsRefreshed(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		here, there := w.start(), w.start()
		opened := here.login("ada")
		first := says(t, opened.AccessToken)
		if first.AuthTime == 0 || first.AuthTime > first.IssuedAt {
			t.Fatalf("a login says %+v", first)
		}
		token, made := opened.RefreshToken, first.IssuedAt
		for round := range 4 {
			w.pass(time.Hour)
			i := []*instance{here, there}[round%2]
			rotated := i.refresh(token)
			w.pass(retryWindow / 2)
			for what, pair := range map[string]tokens.Pair{"a rotation": rotated, "a retry": i.refresh(token)} {
				got := says(t, pair.AccessToken)
				if got.AuthTime != first.AuthTime || got.Session != first.Session || got.Subject != first.Subject || got.IssuedAt <= made {
					t.Errorf("%s after %d hours: got %+v, want the login of %+v", what, round+1, got, first)
				}
			}
			token, made = rotated.RefreshToken, says(t, rotated.AccessToken).IssuedAt
		}
		w.pass(time.Hour)
		again := says(t, here.openAs(here.proven("ada")).AccessToken)
		if again.AuthTime <= first.AuthTime || again.Session == first.Session {
			t.Errorf("another login says %+v, want a later one than %+v", again, first)
		}
	})
}

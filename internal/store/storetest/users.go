package storetest

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
)

var userClaims = []claim{
	{name: "a user survives the round trip by id, by name and with credentials", prove: userRoundTrip},
	{name: "a user is created at the store's clock", prove: userCreatedAt},
	{name: "credentials are of one row", prove: credentialsOneRow},
	{name: "nobody's credentials come with the greatest cost, which never falls", prove: greatestCost},
}

// found checks a user by all three ways of reading one.
func (t *trial) found(want accounts.User, hash string) {
	t.Helper()
	byID, found, err := t.store.UserByID(t.Context(), want.ID)
	t.must(err, "UserByID")
	if !found {
		t.Errorf("UserByID does not find %q", want.Username)
	}
	t.same(byID, want, "the user by id")
	byName, found, err := t.store.UserByName(t.Context(), want.Username)
	t.must(err, "UserByName")
	if !found {
		t.Errorf("UserByName does not find %q", want.Username)
	}
	t.same(byName, want, "the user by name")
	c, _, found, err := t.store.CredentialsByName(t.Context(), want.Username)
	t.must(err, "CredentialsByName")
	if !found || c.PasswordHash != hash {
		t.Errorf("CredentialsByName of %q: found %t with hash %q, want %q", want.Username, found, c.PasswordHash, hash)
	}
	t.same(c.User, want, "the user of the credentials")
	for _, u := range []accounts.User{byID, byName, c.User} {
		for _, at := range []time.Time{u.CreatedAt, u.DisabledAt} {
			if at.Location() != time.UTC {
				t.Errorf("a time of %q is %v, want UTC", want.Username, at)
			}
		}
	}
}

func userRoundTrip(t *trial) {
	disabledAt := t.clock().Add(-time.Hour)
	for _, u := range []accounts.User{
		{Username: "a", Epoch: 1},
		{Username: "ann@example.com", Epoch: 1<<62 + 1, Roles: []string{"admin", "zoë", "a-b_c"}, DisabledAt: disabledAt},
		{Username: strings.Repeat("語", 42) + "zz", Epoch: 1, Roles: []string{"one"}}, // 128 bytes
		{Username: `o'hara"; drop table users; -- \ %`, Epoch: 1},
	} {
		u.ID = t.userID()
		hash := "$authd-1$" + u.Username
		createdAt, err := t.store.CreateUser(t.Context(), u, hash)
		t.must(err, "CreateUser")
		u.CreatedAt = createdAt
		t.found(u, hash)
		got, _, _, _, err := t.store.LoadUser(t.Context(), u.ID)
		t.must(err, "LoadUser")
		if got.ID != u.ID || got.Epoch != u.Epoch || !slices.Equal(got.Roles, u.Roles) || !got.DisabledAt.Equal(u.DisabledAt) {
			t.Errorf("LoadUser of %q is %+v", u.Username, got)
		}
	}
	_, byID, err := t.store.UserByID(t.Context(), t.userID())
	t.must(err, "UserByID")
	_, byName, err := t.store.UserByName(t.Context(), "nobody")
	t.must(err, "UserByName")
	if byID || byName {
		t.Errorf("nobody is found by id: %t, by name: %t", byID, byName)
	}
}

// Several users, because a whole second may begin while one of them is stored: its time is then right
// by chance on a store that keeps no fractions.
func userCreatedAt(t *trial) {
	for _, name := range []string{"ann", "ben", "cy", "dee", "eve"} {
		u := accounts.User{ID: t.userID(), Username: name, Epoch: 1, CreatedAt: t.clock().Add(-time.Hour)}
		before := t.clock()
		createdAt, err := t.store.CreateUser(t.Context(), u, "hash")
		t.must(err, "CreateUser")
		t.between(createdAt, before, t.clock(), "created_at")
		u.CreatedAt = createdAt
		t.found(u, "hash")
	}
}

// The hash, the epoch and the version of one moment: a session opened by an old password would
// otherwise carry the epoch of the new one.
func credentialsOneRow(t *trial) {
	ann, ben := t.user("ann"), t.user("ben")
	for range 2 {
		c := t.everything(t.loadUser(ann.ID), t.login(ann.ID, 1))
		c.Version = t.loadUser(ann.ID).RowVersion
		t.change(c)
	}
	t.raise(ben.ID)
	for _, want := range []accounts.Credentials{
		{User: ann, PasswordHash: hashOf("the next password"), RowVersion: t.loadUser(ann.ID).RowVersion},
		{User: ben, PasswordHash: hashOf("ben"), RowVersion: t.loadUser(ben.ID).RowVersion},
	} {
		want.Epoch = map[auth.UserID]auth.Epoch{ann.ID: 3, ben.ID: 2}[want.ID]
		got, _, found, err := t.store.CredentialsByName(t.Context(), want.Username)
		t.must(err, "CredentialsByName")
		if !found {
			t.Errorf("CredentialsByName does not find %q", want.Username)
		}
		t.same(got, want, "the credentials of "+want.Username)
	}
}

// E8, E9: what a login of nobody must cost is read with the credentials that nobody has.
func greatestCost(t *trial) {
	t.user("ann")
	_, atFirst, _, err := t.store.CredentialsByName(t.Context(), "nobody")
	t.must(err, "CredentialsByName")
	if atFirst != 0 {
		t.Errorf("the greatest cost is %d before any was stored", atFirst)
	}
	for _, c := range []struct{ raise, want int }{{12, 12}, {10, 12}, {12, 12}, {14, 14}, {0, 14}, {13, 14}} {
		t.must(t.store.RaiseGreatestCost(t.Context(), c.raise), "RaiseGreatestCost")
		for name, known := range map[string]bool{"ann": true, "nobody": false} {
			credentials, cost, found, err := t.again.CredentialsByName(t.Context(), name)
			t.must(err, "CredentialsByName")
			if cost != c.want || found != known || (!found && credentials.PasswordHash != "") {
				t.Errorf("raised to %d: %q found %t with cost %d and %+v, want %t and %d",
					c.raise, name, found, cost, credentials, known, c.want)
			}
		}
	}
	const racers = 8
	for round := range racers {
		least := 15 + round*racers
		t.race(racers, func(i int, s Store) {
			cost := least + (i+round)%racers
			if err := t.insist(func() error { return s.RaiseGreatestCost(t.Context(), cost) }); err != nil {
				t.Errorf("RaiseGreatestCost: %v", err)
			}
		})
		if _, cost, _, err := t.store.CredentialsByName(t.Context(), "nobody"); err != nil || cost != least+racers-1 {
			t.Errorf("racers raised the cost to %d and above: it is %d, error %v", least, cost, err)
		}
	}
}

// taken checks the refusal of a name.
func (t *trial) taken(err error) {
	t.Helper()
	if !errors.Is(err, accounts.ErrUsernameTaken) {
		t.Errorf("a taken name is answered %v, want ErrUsernameTaken", err)
	}
}

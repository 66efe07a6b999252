package storetest

import (
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

var standingClaims = []claim{
	{name: "a user is disabled and enabled, and gets and loses roles, and nothing else changes", prove: standingAlone},
	{name: "credentials found by id are those found by name", prove: credentialsByID},
	{name: "entries that no row stands behind are added in order, and none leaves the feed alone", prove: killsAdded},
}

func standingAlone(t *trial) {
	ann, ben := t.user("ann"), t.user("ben")
	sessions := t.login(ann.ID, 2)
	other := t.read(ben, nil)
	disabledAt := t.clock().Add(-time.Hour)
	for _, step := range []struct {
		name       string
		change     tokens.UserChange
		disabledAt time.Time
		roles      []string
	}{
		{"disabled", tokens.UserChange{DisabledAt: &disabledAt}, disabledAt, []string{"reader"}},
		{"left alone", tokens.UserChange{}, disabledAt, []string{"reader"}},
		{"given roles", tokens.UserChange{Roles: &[]string{"admin", "zoë", "a-b_c"}}, disabledAt, []string{"admin", "zoë", "a-b_c"}},
		{"enabled", tokens.UserChange{DisabledAt: &time.Time{}}, time.Time{}, []string{"admin", "zoë", "a-b_c"}},
		{"deprived of roles", tokens.UserChange{Roles: &[]string{}}, time.Time{}, nil},
	} {
		want := t.read(ann, sessions)
		step.change.User, step.change.Version = ann.ID, want.User.RowVersion
		t.change(step.change)
		want.User.RowVersion++
		want.User.DisabledAt, want.User.Roles = step.disabledAt, step.roles
		want.Credentials.RowVersion++
		want.Credentials.DisabledAt, want.Credentials.Roles = step.disabledAt, step.roles
		t.same(t.read(ann, sessions), want, "a user who was "+step.name)
		t.same(t.read(ben, nil), other, "another user")
		if at := t.loadUser(ann.ID).DisabledAt; at.Location() != time.UTC {
			t.Errorf("disabled_at is %v, want UTC", at)
		}
	}
}

func credentialsByID(t *trial) {
	ann, ben := t.user("ann"), t.user("ben")
	t.raise(ben.ID)
	for _, cost := range []int{0, 12} {
		t.must(t.store.RaiseGreatestCost(t.Context(), cost), "RaiseGreatestCost")
		for _, u := range []accounts.User{ann, ben} {
			want, wantCost, _, err := t.store.CredentialsByName(t.Context(), u.Username)
			t.must(err, "CredentialsByName")
			got, gotCost, found, err := t.again.CredentialsByID(t.Context(), u.ID)
			t.must(err, "CredentialsByID")
			if !found || gotCost != wantCost {
				t.Errorf("CredentialsByID of %s: found %t with cost %d, want %d", u.Username, found, gotCost, wantCost)
			}
			t.same(got, want, "the credentials by id")
		}
		got, gotCost, found, err := t.again.CredentialsByID(t.Context(), t.userID())
		t.must(err, "CredentialsByID")
		if found || gotCost != cost || got.PasswordHash != "" {
			t.Errorf("nobody is found: %t, with cost %d and %+v, want cost %d", found, gotCost, got, cost)
		}
	}
}

func killsAdded(t *trial) {
	sessions := t.login(t.user("ann").ID, 2)
	token := func(b byte) revocation.Kill { return revocation.KillToken(auth.TokenID{b}) }
	for _, kills := range [][]revocation.Kill{
		{token(1)}, {token(3), token(2), revocation.KillBelow(t.userID(), 7)}, {token(1)},
	} {
		_, before := t.entries(0)
		mark := newMark()
		t.must(t.store.AddKills(t.Context(), kills, mark), "AddKills")
		t.written(before.Seq, mark, kills...)
	}
	wantEntries, wantHead := t.entries(0)
	t.must(t.store.AddKills(t.Context(), nil, newMark()), "AddKills of none")
	entries, head := t.entries(0)
	t.same(entries, wantEntries, "the feed")
	t.same(pinned(head), pinned(wantHead), "the head")
	for _, e := range entries {
		if e.Until.Before(head.AsOf.Add(maxTTL)) {
			t.Errorf("an entry is kept until %v, which is not the longest lifetime after the head's clock", e.Until)
		}
	}
	for _, s := range t.reload(sessions) {
		if !s.EndedAt.IsZero() {
			t.Errorf("a session was ended")
		}
	}
}

package storetest

import (
	"crypto/rand"
	"slices"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

var resetClaims = []claim{
	{name: "a password reset comes back as it was stored, with its user of the moment", prove: resetRoundTrip},
	{name: "a new reset replaces the user's old one and nobody else's", prove: resetReplaced},
	{name: "a reset is spent by its user, once, and nothing happens in the name of one that is gone", prove: resetSpent},
	{name: "of many who spend one reset at once one succeeds", prove: resetRace},
}

// newReset is a reset that is not stored yet.
func (t *trial) newReset(epoch auth.Epoch) *tokens.PasswordReset {
	t.Helper()
	now := t.clock()
	r := &tokens.PasswordReset{SecretHash: randomHash(), Epoch: epoch, CreatedAt: now, ExpiresAt: now.Add(30 * time.Minute)}
	_, _ = rand.Read(r.ID[:]) // documented never to fail
	return r
}

// issue stores a reset of a user.
func (t *trial) issue(user auth.UserID) *tokens.PasswordReset {
	t.Helper()
	u := t.loadUser(user)
	r := t.newReset(u.Epoch)
	t.change(tokens.UserChange{User: user, Version: u.RowVersion, Reset: r})
	return r
}

func (t *trial) reset(id tokens.ResetID) (accounts.Reset, bool) {
	t.Helper()
	r, clock, found, err := t.again.ResetByID(t.Context(), id)
	t.must(err, "ResetByID")
	if now := t.clock(); clock.After(now) || now.Sub(clock) > time.Minute {
		t.Errorf("ResetByID reads the clock as %v, a moment before %v", clock, now)
	}
	return r, found
}

// isGone says that nobody finds a reset.
func (t *trial) isGone(r *tokens.PasswordReset, what string) {
	t.Helper()
	if got, found := t.reset(r.ID); found {
		t.Errorf("%s is found: %+v", what, got)
	}
}

func resetRoundTrip(t *trial) {
	ann := t.user("ann")
	t.isGone(t.newReset(1), "a reset that never was")
	before := t.loadUser(ann.ID)
	r := t.issue(ann.ID)
	if after := t.loadUser(ann.ID); after.RowVersion != before.RowVersion+1 {
		t.Errorf("a reset raised its user's version from %d to %d: who decides by the version would not see it",
			before.RowVersion, after.RowVersion)
	}
	for range 2 {
		got, found := t.reset(r.ID)
		if !found {
			t.Fatalf("a reset that was stored is not found")
		}
		now := t.loadUser(ann.ID)
		want := ann
		want.Epoch = now.Epoch
		t.same(got, accounts.Reset{PasswordReset: *r, User: want, RowVersion: now.RowVersion}, "the reset")
		for _, at := range []time.Time{got.CreatedAt, got.ExpiresAt, got.User.CreatedAt} {
			if at.Location() != time.UTC {
				t.Errorf("a time of the reset is %v, want UTC", at)
			}
		}
		t.raise(ann.ID) // the second time: the row's epoch is what it was, the user's is not
	}
}

func resetReplaced(t *trial) {
	ann, ben := t.user("ann"), t.user("ben")
	first, bens := t.issue(ann.ID), t.issue(ben.ID)
	if _, found := t.reset(first.ID); !found {
		t.Errorf("a reset that was stored is not found")
	}
	t.raise(ann.ID)
	second := t.issue(ann.ID)
	t.isGone(first, "the reset that was replaced")
	for _, r := range []*tokens.PasswordReset{second, bens} {
		if got, found := t.reset(r.ID); !found || got.PasswordReset != *r {
			t.Errorf("a reset that was not replaced: found %t as %+v, want %+v", found, got.PasswordReset, *r)
		}
	}
	// A reset of nobody, and one decided on an older version of its user, is not stored.
	for _, c := range []tokens.UserChange{
		{User: t.userID(), Version: 1, Reset: t.newReset(1)},
		{User: ann.ID, Version: t.loadUser(ann.ID).RowVersion - 1, Reset: t.newReset(1)},
	} {
		t.refused(c, "with a reset, of a user who is not there or has changed")
		t.isGone(c.Reset, "a reset that was refused")
	}
	if _, found := t.reset(second.ID); !found {
		t.Errorf("a refused reset replaced another")
	}
}

func resetSpent(t *trial) {
	ann, ben := t.user("ann"), t.user("ben")
	sessions := t.login(ann.ID, 1)
	bens, first, r := t.issue(ben.ID), t.issue(ann.ID), t.issue(ann.ID)
	want := t.read(ann, sessions)
	spend := func(id tokens.ResetID) tokens.UserChange {
		return tokens.UserChange{User: ann.ID, Version: t.loadUser(ann.ID).RowVersion, PasswordHash: "another",
			RaiseEpoch: true, SpendReset: id}
	}
	for what, id := range map[string]tokens.ResetID{
		"that never was": t.newReset(1).ID, "that was replaced": first.ID, "of somebody else": bens.ID,
	} {
		t.refused(spend(id), "in the name of a reset "+what)
		t.same(t.read(ann, sessions), want, "the user after a change in the name of a reset "+what)
	}
	stale := spend(r.ID)
	stale.Version--
	t.refused(stale, "on another version")
	if _, found := t.reset(r.ID); !found {
		t.Errorf("a refused change spent the reset")
	}
	t.change(spend(r.ID))
	t.isGone(r, "the reset that was spent")
	if c, _, _, err := t.store.CredentialsByName(t.Context(), "ann"); err != nil || c.PasswordHash != "another" || c.Epoch != 2 {
		t.Errorf("after a reset the credentials are %+v, %v", c, err)
	}
	want = t.read(ann, sessions)
	t.refused(spend(r.ID), "in the name of a reset that was spent")
	t.same(t.read(ann, sessions), want, "the user after a second use")
	if _, found := t.reset(bens.ID); !found {
		t.Errorf("somebody else's reset was spent")
	}
}

func resetRace(t *trial) {
	ann := t.user("ann")
	for range 4 {
		r := t.issue(ann.ID)
		before := t.loadUser(ann.ID)
		const racers = 16
		won := make([]bool, racers)
		t.race(racers, func(i int, s Store) {
			// Each decides on the row as it stands when its turn comes: the version alone does not keep the
			// second one out.
			for range 100 {
				u, _, _, _, err := s.LoadUser(t.Context(), ann.ID)
				if err == nil {
					err = t.insist(func() (err error) {
						won[i], err = s.ChangeUser(t.Context(), tokens.UserChange{User: ann.ID, Version: u.RowVersion,
							PasswordHash: hashOf(string(rune('a' + i))), RaiseEpoch: true, SpendReset: r.ID}, newMark())
						return err
					})
				}
				if err != nil {
					t.Errorf("a racer for a reset: %v", err)
				}
				if won[i] || err != nil || u.Epoch > before.Epoch {
					return
				}
			}
		})
		winner := slices.Index(won, true)
		if winner < 0 || slices.Contains(won[winner+1:], true) {
			t.Fatalf("not one winner: %v", won)
		}
		c, _, _, err := t.store.CredentialsByName(t.Context(), "ann")
		t.must(err, "CredentialsByName")
		if c.PasswordHash != hashOf(string(rune('a'+winner))) || c.Epoch != before.Epoch+1 {
			t.Errorf("after %d won the hash is %q at epoch %d, want one raise from %d", winner, c.PasswordHash, c.Epoch, before.Epoch)
		}
	}
}

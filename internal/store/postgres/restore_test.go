//go:build unix

package postgres

import (
	"testing"

	"github.com/authd/authd/internal/tokens"
)

// The keyring may change between the two messages of a restoration. Then what the first one did, to every
// user and session, is undone, although the second one ends with the commit.
func TestARestorationThatFindsAnotherKeyringAtTheHeadUndoesTheRest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		meddle  string // what the holder of the head does to it
		applied bool
	}{
		{"the holder changed the keyring", `update feed_head set keyring_version = keyring_version + 1`, false},
		{"the holder added entries", `update feed_head set seq = seq + 3`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, ids := headed(t, 3)
			if err := turnKeyring(t, s); err != nil {
				t.Fatal(err)
			}
			rows, err := s.LoadKeyring(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tx, pid := holder(t, s)
			if _, err := tx.Exec(t.Context(), c.meddle); err != nil {
				t.Fatal(err)
			}
			type outcome struct {
				done    tokens.Restored
				applied bool
				err     error
			}
			answered := make(chan outcome, 1)
			go func() {
				done, applied, err := s.Restore(t.Context(), tokens.Restoration{FeedID: "renamed", Raise: 1000, At: rows.Clock,
					Keyring: tokens.KeyringChange{Version: rows.Version, Kill: []tokens.KeyKill{{KID: rows.Keys[0].KID, At: rows.Clock}}}}, 7)
				answered <- outcome{done, applied, err}
			}()
			awaitBlocked(t, s, pid, 1)
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := <-answered
			if got.err != nil || got.applied != c.applied || (got.done.Sessions == 3) != c.applied {
				t.Errorf("got %+v, want applied %t", got, c.applied)
			}
			if c.applied {
				return
			}
			assertUntouched(t, s, ids)
			after, err := s.LoadKeyring(t.Context())
			if err != nil || after.FeedID != rows.FeedID || !after.Keys[0].KilledAt.IsZero() || after.Version != rows.Version+1 {
				t.Errorf("the keyring is %+v, error %v", after, err)
			}
		})
	}
}

//go:build unix

package postgres

import (
	"errors"
	"fmt"
	"testing"

	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// turnKeyring makes a change of every kind.
func turnKeyring(t *testing.T, s *Store) error {
	rows, err := s.LoadKeyring(t.Context())
	if err != nil {
		return err
	}
	kid := fmt.Sprint("key-", rows.Version)
	private := tokens.SealedSecret{Name: "signing." + kid, Sealed: []byte{1}, CreatedAt: rows.Clock}
	change := tokens.KeyringChange{Version: rows.Version, Secrets: []tokens.SealedSecret{private},
		Keys:   []tokens.PublishedKey{{KID: kid, Slot: rows.Version, Alg: "ES256", PublicJWK: "{}", CreatedAt: rows.Clock}},
		Reseal: []tokens.SealedSecret{private}, DropSecrets: []string{"refresh.1"}}
	for i, key := range rows.Keys {
		if i%2 == 0 {
			change.Kill = append(change.Kill, tokens.KeyKill{KID: key.KID, At: rows.Clock})
		} else {
			change.Start = append(change.Start, tokens.KeyStart{KID: key.KID, SignsFrom: rows.Clock})
		}
	}
	applied, err := s.ChangeKeyring(t.Context(), change, 7)
	if err == nil && !applied {
		err = errors.New("refused")
	}
	return err
}

// A change that waits for the head decides by the version that it finds there, not by the one that it
// saw before the wait; and what it adds stands after what the holder added.
func TestD4AChangeThatWaitedForTheHeadGoesByWhatItFindsThere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		meddle  string // what the holder of the head does to it
		applied bool
		seq     int64
	}{
		{"the holder added entries", `update feed_head set seq = seq + 3`, true, 4},
		{"the holder changed the keyring", `update feed_head set keyring_version = keyring_version + 1`, false, 0},
		{"the holder only looked", `select from feed_head for update`, true, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, _ := headed(t, 0)
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
				applied bool
				err     error
			}
			done := make(chan outcome, 1)
			go func() {
				applied, err := s.ChangeKeyring(t.Context(), tokens.KeyringChange{Version: rows.Version,
					Kill: []tokens.KeyKill{{KID: rows.Keys[0].KID, At: rows.Clock}}}, 7)
				done <- outcome{applied, err}
			}()
			awaitBlocked(t, s, pid, 1)
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := <-done; got.err != nil || got.applied != c.applied {
				t.Errorf("applied %t, error %v, want %t", got.applied, got.err, c.applied)
			}
			entries, head, err := s.entries(t.Context(), 0)
			if err != nil || head.Seq != c.seq || c.applied != (len(entries) == 1) {
				t.Fatalf("the head is at %d with entries %v, error %v, want %d", head.Seq, entries, err, c.seq)
			}
			if c.applied && (entries[0].Seq != c.seq || entries[0].Kill != revocation.KillKey(rows.Keys[0].KID)) {
				t.Errorf("the entry is %+v", entries[0])
			}
			after, err := s.LoadKeyring(t.Context())
			if err != nil || after.Keys[0].KilledAt.IsZero() == c.applied || (len(after.Secrets) == 0) != c.applied {
				t.Errorf("the keyring is %+v, error %v", after, err)
			}
		})
	}
}

package accounts_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/store/everystore"
)

// paged counts the pages of hashes that are read.
type paged struct {
	accounts.Store
	pages int
	down  bool
}

func (s *paged) PasswordHashes(ctx context.Context, after auth.UserID, limit int) ([]string, auth.UserID, error) {
	if s.pages++; s.down {
		return nil, auth.UserID{}, errors.New("down")
	}
	return s.Store.PasswordHashes(ctx, after, limit)
}

func TestAPepperIsNamedAsLongAsOneHashNamesIt(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		store := &paged{Store: open(t)}
		const bcrypted = "$2a$12$abcdefghijklmnopqrstuvabcdefghijklmnopqrstuvwxyzABCDE"
		add := func(n int, pepper string) {
			t.Helper()
			id, err := auth.NewUserID(time.UnixMilli(int64(n)), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := store.CreateUser(t.Context(), accounts.User{ID: id, Username: fmt.Sprint(n), Epoch: 1}, pepper+bcrypted); err != nil {
				t.Fatal(err)
			}
		}
		for n := range 1100 { // more than one page
			add(n, "$authd$p=3")
		}
		add(1100, "$authd$p=12")
		add(1101, "")
		named := accounts.PepperNamed(store)
		check := func(version uint32, want bool, pages int) {
			t.Helper()
			store.pages = 0
			got, err := named(t.Context(), version)
			if err != nil || got != want || store.pages != pages {
				t.Errorf("version %d: named %t after %d pages, error %v, want %t after %d", version, got, store.pages, err, want, pages)
			}
		}
		check(3, true, 1)
		check(12, true, 2)
		check(12, true, 1) // where it was found the last time
		check(1, false, 2) // not part of another number
		check(2, false, 2)
		check(0, true, 2)

		store.down = true
		if _, err := named(t.Context(), 12); err == nil {
			t.Error("a store that fails has no hashes")
		}
		store.down = false
		check(12, true, 1)
	})
}

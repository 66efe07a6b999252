//go:build unix

package postgres

import (
	"testing"

	"github.com/authd/authd/internal/store/pgtest"
	"github.com/authd/authd/internal/store/storetest"
)

func TestKeepsThePromisesOfAStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) storetest.Fixture {
		url := pgtest.New(t)
		store := migrated(t, url)
		return storetest.Fixture{
			Store:   store,
			Again:   func(t testing.TB) storetest.Store { return opened(t, Config{URL: url}) },
			Entries: store.entries,
			Vouch:   store.vouch,
		}
	})
}

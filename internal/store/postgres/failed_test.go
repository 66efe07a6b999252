//go:build unix

package postgres

import (
	"context"
	"slices"
	"testing"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/store/pgtest"
)

// What a caller did wrong is no failure of the database, and neither is a caller who left.
func TestFailuresOfTheDatabaseAreTold(t *testing.T) {
	t.Parallel()
	var told []string
	s := opened(t, Config{URL: pgtest.New(t), Failed: func(doing string, _ error) { told = append(told, doing) }})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	told = nil // the first look at an empty database finds no table
	ann := accounts.User{ID: auth.UserID{1}, Username: "ann"}
	for range 2 {
		_, _ = s.CreateUser(t.Context(), ann, "hash")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = s.Clock(gone)
	if len(told) != 0 {
		t.Errorf("told of %q, want nothing", told)
	}
	must(t, s.pool, `drop table audit`)
	_, _ = s.Records(t.Context(), audit.Query{Limit: 1})
	if !slices.Equal(told, []string{"read the audit"}) {
		t.Errorf("told of %q, want the audit's reading", told)
	}
}

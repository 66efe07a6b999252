package sqlite

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// What a caller did wrong is no failure of the file, and neither is a caller who left.
func TestFailuresOfTheFileAreTold(t *testing.T) {
	t.Parallel()
	var told []string
	s, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "authd.db"), Now: now,
		Failed: func(doing string, _ error) { told = append(told, doing) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	ann := accounts.User{ID: auth.UserID{1}, Username: "ann"}
	for range 2 {
		_, _ = s.CreateUser(t.Context(), ann, "hash")
	}
	_, _ = s.ChangeUser(t.Context(), tokens.UserChange{User: ann.ID, Version: 9}, 1)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = s.Clock(gone)
	if len(told) != 0 {
		t.Errorf("told of %q, want nothing", told)
	}
	s.run(t, "drop table audit")
	_, _ = s.Records(t.Context(), audit.Query{Limit: 1})
	if !slices.Equal(told, []string{"read the audit"}) {
		t.Errorf("told of %q, want the audit's reading", told)
	}
}

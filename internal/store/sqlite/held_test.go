package sqlite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authd/authd/internal/auth"
)

// A backup that is moved into the place of an open file splits the store in two: the server would go on
// with a file that no command sees, and acknowledge what is lost at the next start.
func TestAFileThatWasReplacedIsNotWorkedOnUntilItIsBack(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]func(path, other string) error{
		"by another": func(path, other string) error { return os.Rename(other, path) },
		"by nothing": func(path, _ string) error { return os.Remove(path) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path, other, kept := filepath.Join(dir, "authd.db"), filepath.Join(dir, "backup.db"), filepath.Join(dir, "kept.db")
			if err := migrated(t, other).Close(); err != nil {
				t.Fatal(err)
			}
			s := migrated(t, path) // some of its connections are opened when they are needed, later
			for _, err := range []error{os.Link(path, kept), take(path, other)} {
				if err != nil {
					t.Fatal(err)
				}
			}
			_, reading := s.Follow(t.Context(), 0, 1)
			_, clock := s.Clock(t.Context())
			_, writing := s.CreateUser(t.Context(), userNamed("ann"), "hash")
			for what, err := range map[string]error{"reading": reading, "the clock": clock, "writing": writing} {
				if auth.KindOf(err) != auth.Unavailable || !strings.Contains(err.Error(), "replaced or removed") {
					t.Errorf("%s: got %v, want that the file was replaced", what, err)
				}
			}

			if err := os.Rename(kept, path); err != nil {
				t.Fatal(err)
			}
			if _, err := s.CreateUser(t.Context(), userNamed("ann"), "hash"); err != nil {
				t.Errorf("the file is back: %v", err)
			}
		})
	}
}

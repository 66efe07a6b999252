package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// stocked is a store with a user in it and a head.
func stocked(t *testing.T, path string) *Store {
	t.Helper()
	s := migrated(t, path)
	if _, err := s.RaiseHead(t.Context(), "feed", time.Minute, time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateUser(t.Context(), userNamed("ann"), "hash"); err != nil {
		t.Fatal(err)
	}
	return s
}

// names are what lies in a folder.
func names(t *testing.T, folder string) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		found = append(found, e.Name())
	}
	return found
}

func TestABackupIsOneFileOfOneMomentThatOpensByItself(t *testing.T) {
	t.Parallel()
	s := stocked(t, filepath.Join(t.TempDir(), "authd.db"))
	folder := filepath.Join(t.TempDir(), "who? 50%+#") // no character of a path means anything
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "copy.db")
	if err := s.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateUser(t.Context(), userNamed("ben"), "hash"); err != nil {
		t.Fatal(err)
	}
	if got := names(t, folder); len(got) != 1 || got[0] != "copy.db" {
		t.Errorf("the folder has %q, want the copy alone", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy's mode is %v, error %v, want 0600", info.Mode(), err)
	}
	restored := opened(t, path)
	if got := restored.count(t, `select count(*) from users`); got != 1 {
		t.Errorf("the copy has %d users, want the one of its moment", got)
	}
	if have, want, err := restored.Schema(t.Context()); err != nil || have != want {
		t.Errorf("the copy's schema is at %d, error %v, want %d", have, err, want)
	}
}

func TestABackupReplacesNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := stocked(t, filepath.Join(folder, "authd.db"))
	file, link := filepath.Join(folder, "file"), filepath.Join(folder, "link")
	if err := errors.Join(os.WriteFile(file, []byte("mine"), 0o600), os.Symlink("nowhere", link)); err != nil {
		t.Fatal(err)
	}
	before := names(t, folder)
	for _, path := range []string{file, link, folder, filepath.Join(folder, "authd.db")} {
		if err := s.Backup(t.Context(), path); !errors.Is(err, fs.ErrExist) {
			t.Errorf("onto %s: got %v, want that it exists", filepath.Base(path), err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "mine" {
		t.Errorf("the file is %q, error %v", got, err)
	}
	if got := names(t, folder); len(got) != len(before) {
		t.Errorf("the folder has %q, want %q", got, before)
	}
}

func TestWithoutLinksABackupReplacesNothingEither(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	unlinkable := func(from, to string) error {
		return &os.LinkError{Op: "link", Old: from, New: to, Err: errors.ErrUnsupported}
	}
	draft, path := filepath.Join(folder, "draft"), filepath.Join(folder, "copy.db")
	if err := os.WriteFile(draft, []byte("first"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := publish(draft, path, unlinkable); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(draft, []byte("second"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := publish(draft, path, unlinkable); !errors.Is(err, fs.ErrExist) {
		t.Errorf("onto a file that exists: got %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "first" {
		t.Errorf("the file is %q, error %v", got, err)
	}
	if err := publish(filepath.Join(folder, "nothing"), filepath.Join(folder, "other.db"), unlinkable); err == nil {
		t.Error("nothing was published, and no error")
	}
	if got := names(t, folder); len(got) != 2 {
		t.Errorf("the folder has %q, want copy.db and the second draft", got)
	}
}

func TestABackupThatFailsLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := stocked(t, filepath.Join(t.TempDir(), "authd.db"))
	ended, end := context.WithCancel(t.Context())
	end()
	if err := s.Backup(ended, filepath.Join(folder, "copy.db")); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that ended: got %v", err)
	}
	if err := s.Backup(t.Context(), filepath.Join(folder, "no such", "copy.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("into a folder that is not there: got %v", err)
	}
	if got := names(t, folder); len(got) != 0 {
		t.Errorf("the folder has %q, want nothing", got)
	}
}

// A copy is looked at before it is called one.
func TestADamagedCopyIsNoBackup(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := stocked(t, filepath.Join(folder, "authd.db"))
	path := filepath.Join(folder, "copy.db")
	if err := s.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	copied, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(folder, "other.db")
	for name, damage := range map[string]func(b []byte) []byte{
		"a page of zeros":         func(b []byte) []byte { clear(b[4096:8192]); return b },
		"cut short":               func(b []byte) []byte { return b[:len(b)/2] },
		"empty":                   func([]byte) []byte { return nil },
		"somebody else's":         func(b []byte) []byte { clear(b[68:72]); return b }, // the application id
		"not a database":          func([]byte) []byte { return []byte("a shopping list, and nothing else in it") },
		"a page where no page is": func(b []byte) []byte { copy(b[len(b)-4096:], b[:4096]); return b },
	} {
		if err := os.WriteFile(other, damage(append([]byte(nil), copied...)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := checkCopy(t.Context(), other); err == nil {
			t.Errorf("%s: the copy was called whole", name)
		}
	}
	if err := checkCopy(t.Context(), path); err != nil {
		t.Errorf("the copy itself: %v", err)
	}
}

// SQLite takes what lies under these names for the database's own: a copy named like the journal is played
// back as one, and nobody can open the database any more.
func TestABackupTakesNoNameThatIsTheDatabasesOwn(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "authd.db")
	s := stocked(t, path)
	before := names(t, folder)
	for _, suffix := range []string{"-journal", "-wal", "-shm"} {
		for _, name := range []string{path + suffix, filepath.Join(folder, ".", "..", filepath.Base(folder), "authd.db"+suffix)} {
			if err := s.Backup(t.Context(), name); err == nil {
				t.Errorf("%s: the backup was made", name)
			}
		}
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(folder, link); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), filepath.Join(link, "authd.db-journal")); err == nil {
		t.Error("through a link to the folder: the backup was made")
	}
	if got := names(t, folder); len(got) != len(before) {
		t.Errorf("the folder has %q, want %q", got, before)
	}
	if _, err := s.CreateUser(t.Context(), userNamed("ben"), "hash"); err != nil {
		t.Error(err)
	}
}

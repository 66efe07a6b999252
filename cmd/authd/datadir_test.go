package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/authd/authd/internal/auth"
)

// newDataDir opens a folder that is not there yet.
func newDataDir(t *testing.T) dataDir {
	t.Helper()
	dir, err := openDataDir(filepath.Join(t.TempDir(), "data"))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
}

func modeOf(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestDataFolderAndItsSecretsAreTheOwnersAlone(t *testing.T) {
	t.Parallel()
	dir := newDataDir(t)
	if _, made, err := dir.masterKeys(rand.Reader); err != nil || !made {
		t.Fatalf("made %v, %v", made, err)
	}
	if _, err := dir.adminToken(rand.Reader); err != nil {
		t.Fatal(err)
	}
	if got := modeOf(t, dir.path); got != 0o700 {
		t.Errorf("the folder has mode %04o, want 0700", got)
	}
	for _, name := range []string{masterKeyFile, adminTokenFile} {
		if got := modeOf(t, dir.file(name)); got != 0o600 {
			t.Errorf("%s has mode %04o, want 0600", name, got)
		}
	}
	left, err := os.ReadDir(dir.path)
	if err != nil || len(left) != 2 {
		t.Errorf("the folder has %d entries, %v; want the two files and no draft", len(left), err)
	}
}

func TestMasterKeyIsMadeOnce(t *testing.T) {
	t.Parallel()
	dir := newDataDir(t)
	first, _, err := dir.masterKeys(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir.file(databaseFile), "", 0o600)
	second, made, err := dir.masterKeys(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if made || first[0] != second[0] {
		t.Error("the second start did not use the first one's key")
	}
}

func TestNoMasterKeyIsMadeBesideADatabase(t *testing.T) {
	t.Parallel()
	dir := newDataDir(t)
	write(t, dir.file(databaseFile), "rows", 0o600)
	_, _, err := dir.masterKeys(rand.Reader)
	if err == nil || !strings.Contains(err.Error(), "has a database but no master.key") {
		t.Errorf("got %v, want a refusal that names what is missing", err)
	}
	if _, err := os.Stat(dir.file(masterKeyFile)); err == nil {
		t.Error("a key was made all the same")
	}
}

func TestMasterKeyThatOthersMayReadIsRefusedWithTheRepair(t *testing.T) {
	t.Parallel()
	for _, loose := range []os.FileMode{0o640, 0o604, 0o620} {
		dir := newDataDir(t)
		write(t, dir.file(masterKeyFile), drawn('a'), loose)
		_, _, err := dir.masterKeys(rand.Reader)
		if want := "chmod 600 " + dir.file(masterKeyFile); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("mode %04o: got %v, want a refusal with %q", loose, err, want)
		}
	}
}

func TestMasterKeyFileThatHoldsNoKeyIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\n", "short", strings.Repeat("x", 70<<10)} {
		dir := newDataDir(t)
		write(t, dir.file(masterKeyFile), text, 0o600)
		if _, _, err := dir.masterKeys(rand.Reader); err == nil {
			t.Errorf("a file with %d bytes was taken", len(text))
		}
		if kept, err := os.ReadFile(dir.file(masterKeyFile)); err != nil || string(kept) != text {
			t.Errorf("a file with %d bytes was changed: %v", len(text), err)
		}
	}
}

func TestOneOfManyMakersWinsAndNobodySeesHalfAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	const makers = 32
	won := make([]bool, makers)
	var g errgroup.Group
	for i := range makers {
		g.Go(func() error {
			made, err := makeSecretFile(path, auth.NewSecret(fmt.Sprintf("secret-%02d", i)))
			won[i] = made
			if err != nil {
				return err
			}
			text, err := readGuardedFile(path) // there is a whole file, whoever made it
			if err == nil && len(text.Reveal()) != len("secret-00") {
				err = fmt.Errorf("maker %d read %d bytes", i, len(text.Reveal()))
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	winners := 0
	text, err := readGuardedFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range won {
		if w {
			winners++
			if want := fmt.Sprintf("secret-%02d", i); text.Reveal() != want {
				t.Errorf("maker %d won, but the file is another's", i)
			}
		}
	}
	if winners != 1 {
		t.Errorf("%d makers won, want 1", winners)
	}
}

func TestSecondLockIsRefusedWhileTheFirstHolds(t *testing.T) {
	t.Parallel()
	dir := newDataDir(t)
	unlock, err := dir.lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dir.lock(); err == nil || !strings.Contains(err.Error(), dir.path) {
		t.Errorf("got %v, want a refusal that names the folder", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	unlock, err = dir.lock()
	if err != nil {
		t.Fatalf("after the first is gone: %v", err)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
}

//go:build unix

package pgtest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// programs makes a folder whose programs answer --version as PostgreSQL's do.
func programs(t *testing.T, dir, version string, names ...string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		script := "#!/bin/sh\necho '" + name + " (PostgreSQL) " + version + " (Debian)'\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPathComesBeforeTheUsualPlaces(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	onPath := programs(t, root+"/path", "14.2", "initdb", "postgres")
	programs(t, root+"/usual/17/bin", "17.1", "initdb", "postgres")
	f := finder{path: root + "/none:" + onPath, places: []string{root + "/usual/*/bin"}}
	if got, err := f.find(); err != nil || got != onPath {
		t.Errorf("got %q, %v, want %q", got, err, onPath)
	}
}

func TestALinkOnPathLeadsToItsFolder(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	bin := programs(t, root+"/real", "15.3", "initdb", "postgres")
	if err := os.Mkdir(root+"/path", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(bin+"/initdb", root+"/path/initdb"); err != nil {
		t.Fatal(err)
	}
	if got, err := (finder{path: root + "/path"}).find(); err != nil || got != bin {
		t.Errorf("got %q, %v, want %q", got, err, bin)
	}
}

func TestTheNewestUsableVersionWins(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	programs(t, root+"/9.6/bin", "9.6.24", "initdb", "postgres")
	want := programs(t, root+"/16/bin", "16.4", "initdb", "postgres")
	programs(t, root+"/17/bin", "17.0", "postgres") // a client's package, without initdb
	f := finder{path: root + "/17/bin", places: []string{root + "/none", root + "/*/bin"}}
	if got, err := f.find(); err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestWithoutPostgresEveryWayIsNamed(t *testing.T) {
	t.Parallel()
	_, err := finder{path: t.TempDir(), places: []string{t.TempDir() + "/*"}}.find()
	if err == nil {
		t.Fatal("found PostgreSQL in empty folders")
	}
	for _, way := range []string{"TEST_DATABASE_URL", "PATH", "/usr/lib/postgresql/*/bin", "root on Debian"} {
		if !strings.Contains(err.Error(), way) {
			t.Errorf("the error does not name %q:\n%v", way, err)
		}
	}
}

func TestThePackageIsInstalledOnlyWhenNothingElseIsFound(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	installed := 0
	f := finder{places: []string{root + "/*/bin"}, lockFile: root + "/lock", install: func() error {
		installed++
		programs(t, root+"/15/bin", "15.3", "initdb", "postgres")
		return nil
	}}
	for range 2 {
		if got, err := f.find(); err != nil || got != root+"/15/bin" {
			t.Errorf("got %q, %v, want what was installed", got, err)
		}
	}
	if installed != 1 {
		t.Errorf("installed %d times, want once", installed)
	}
}

func TestAFailedInstallationSaysWhyAndWhatElseHelps(t *testing.T) {
	t.Parallel()
	broken := errors.New("no network")
	f := finder{lockFile: t.TempDir() + "/lock", install: func() error { return broken }}
	if _, err := f.find(); !errors.Is(err, broken) || !errors.Is(err, errNotFound) {
		t.Errorf("got %v, want both the cause and the ways", err)
	}
}

// A URL may hold a password, and the logs of tests are public.
func TestABadURLIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"host=db password=hunter2", "http://a:hunter2@b/", "postgres://a:hunter2@b:port/"} {
		_, err := withSearchPath(bad, "s")
		if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), EnvURL) {
			t.Errorf("%q: got %v, want an error that names the variable and not its value", bad, err)
		}
	}
}

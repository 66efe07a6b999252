package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/auth"
)

// G11: what an acknowledged commit rests on is a setting of each connection, so each one is asked.
func TestEveryConnectionHasTheSettingsThatDurabilityRestsOn(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	for _, c := range []struct {
		of        *pool
		name      string
		queryOnly int64
	}{{s.writer, "writer", 0}, {s.reader, "reader", 1}} {
		links := make([]*link, cap(c.of.links))
		for i := range links { // hold all of them, so that each is another one
			links[i] = <-c.of.links
			if err := c.of.use(t.Context(), &links[i], func(context.Context, *link) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		for _, l := range links {
			got := map[string]int64{}
			for _, name := range []string{"synchronous", "foreign_keys", "busy_timeout", "temp_store", "query_only"} {
				value, err := one(t.Context(), l, "pragma "+name, scanInt)
				if err != nil {
					t.Fatal(err)
				}
				got[name] = value
			}
			want := map[string]int64{"synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000, "temp_store": 2, "query_only": c.queryOnly}
			if d := cmp.Diff(got, want); d != "" {
				t.Errorf("%s (-got +want):\n%s", c.name, d)
			}
			if mode, err := one(t.Context(), l, "pragma journal_mode", scanText); err != nil || mode != "wal" {
				t.Errorf("%s: the journal's mode is %q, error %v", c.name, mode, err)
			}
			c.of.links <- l
		}
	}
}

func TestAReadConnectionCannotWrite(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	err := s.read(t.Context(), "write", func(ctx context.Context, l *link) error {
		_, err := l.exec(ctx, raiseGreatestCost, 31)
		return err
	})
	if err == nil {
		t.Error("a read connection wrote")
	}
}

func TestTheFileAndItsLogAreTheOwnersAlone(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	migrated(t, filepath.Join(folder, "authd.db"))
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, file.Name())
		info, err := file.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != 0o600 {
			t.Errorf("%s has mode %v, want -rw-------", file.Name(), info.Mode())
		}
	}
	if d := cmp.Diff(names, []string{"authd.db", "authd.db-shm", "authd.db-wal"}); d != "" {
		t.Errorf("the folder's files (-got +want):\n%s", d)
	}
}

func TestNoCharacterOfAPathMeansAnything(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "a b?mode=ro&x#%2e:ü'\"")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "a?b%20c#d.db")
	migrated(t, path)
	if exists, err := Exists(path); !exists || err != nil {
		t.Errorf("%q exists: %t, error %v", path, exists, err)
	}
}

func TestExistsTellsAnAbsentFileFromOneThatCannotBeSeen(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if exists, err := Exists(filepath.Join(folder, "absent.db")); exists || err != nil {
		t.Errorf("an absent file exists: %t, error %v", exists, err)
	}
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if exists, err := Exists(filepath.Join(file, "below a file")); exists || err == nil {
		t.Errorf("a file below a file exists: %t, error %v", exists, err)
	}
}

// A slip in a path must not put our tables into somebody else's database, nor turn its journal's mode.
func TestAFileThatIsNotOursIsRefusedAndLeftAsItWas(t *testing.T) {
	t.Parallel()
	foreign := func(statements string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(statements); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T, path string)
		says string
	}{
		{"another program's tables", foreign("create table notes (text)"), "not one of authd"},
		{"another program's mark, still empty", foreign("pragma application_id = 7"), "not one of authd"},
		{"tables called like ours", foreign("create table users (id); create table goose_db_version (version_id)"), "not one of authd"},
		{"no database", func(t *testing.T, path string) {
			if err := os.WriteFile(path, bytes.Repeat([]byte("a letter to a friend\n"), 100), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "not an SQLite database"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "notes.db")
			c.make(t, path)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Open(t.Context(), Config{Path: path, Now: time.Now})
			if err == nil {
				t.Fatalf("opened it: %v", s.Close())
			}
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("the error is %q, want one that says %q and names the file", err, c.says)
			}
			after, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(after, before) {
				t.Error("the file was written to")
			}
		})
	}
}

func TestAFolderThatIsNotThereIsAnErrorThatNamesThePath(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "absent", "authd.db")
	s, err := Open(t.Context(), Config{Path: path, Now: time.Now})
	if err == nil {
		t.Fatalf("opened it: %v", s.Close())
	}
	if !strings.Contains(err.Error(), path) {
		t.Errorf("the error is %q, want one that names %s", err, path)
	}
}

// The write-ahead log is folded into the file when everybody has gone: a copy of the one file is all.
func TestCloseLeavesOneFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s, err := Open(t.Context(), Config{Path: filepath.Join(folder, "authd.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Users(t.Context(), "", 1); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second does nothing
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) != 1 {
		t.Errorf("the folder has %v, error %v", files, err)
	}
	if _, err := s.Clock(t.Context()); auth.KindOf(err) != auth.Unavailable {
		t.Errorf("a closed store answers %v, want an error of kind Unavailable", err)
	}
}

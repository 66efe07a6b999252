package sqlite

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/authd/authd/migrations"
)

func TestMigrateBringsTheSchemaToTheNewestAndThenDoesNothing(t *testing.T) {
	t.Parallel()
	s := opened(t, filepath.Join(t.TempDir(), "authd.db"))
	have, want, err := s.Schema(t.Context())
	if have != 0 || want < 1 || err != nil {
		t.Errorf("a new file has schema %d of %d, error %v", have, want, err)
	}
	for range 2 {
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if have, _, err := s.Schema(t.Context()); have != want || err != nil {
			t.Errorf("after Migrate the schema is %d of %d, error %v", have, want, err)
		}
	}
	if got := s.count(t, "select count(*) from goose_db_version"); got != want+1 { // and goose's zero
		t.Errorf("goose's table has %d rows, want %d", got, want+1)
	}
}

// G14: ten instances start at once, on a file that none of them finds.
func TestTenStoresMayMakeAndMigrateOneFileAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "authd.db")
	var group, ready sync.WaitGroup
	ready.Add(10)
	for range 10 {
		group.Go(func() {
			s, err := Open(t.Context(), Config{Path: path, Now: now})
			ready.Done()
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			ready.Wait() // so that nobody is late enough to find it done
			if err := s.Migrate(t.Context()); err != nil {
				t.Error(err)
			}
			if _, _, _, err := s.CredentialsByName(t.Context(), "nobody"); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	s := opened(t, path)
	_, want, err := s.Schema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := s.count(t, "select count(*) from goose_db_version"); got != want+1 {
		t.Errorf("goose's table has %d rows, want %d", got, want+1)
	}
}

// rivalFolder lets a rival migrate in the moment between goose's look at the version and its first
// statement, which is when it reads the file, up and down at once.
type rivalFolder struct {
	fs.FS
	once  sync.Once
	rival func()
}

func (f *rivalFolder) Open(name string) (fs.File, error) {
	if strings.HasSuffix(name, ".sql") {
		f.once.Do(f.rival)
	}
	return f.FS.Open(name)
}

func TestWhoLosesTheRaceToMigrateGoesOnFromWhereTheWinnerIs(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "authd.db")
	loser, winner := opened(t, path), opened(t, path)
	real, err := fs.Sub(migrations.SQLite, "sqlite")
	if err != nil {
		t.Fatal(err)
	}
	raced := false
	var won error
	folder := &rivalFolder{FS: real, rival: func() { raced, won = true, winner.Migrate(t.Context()) }}
	if err := loser.migrate(t.Context(), folder); err != nil || won != nil {
		t.Errorf("the loser answers %v, the winner %v", err, won)
	}
	if !raced {
		t.Error("there was no race: goose did not read the file")
	}
}

func TestASchemaOfANewerBuildIsRefused(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	s.run(t, "insert into goose_db_version (version_id, is_applied) values (99, 1)")
	have, want, err := s.Schema(t.Context())
	if have != 99 || want >= 99 || err != nil {
		t.Errorf("the schema is %d of %d, error %v", have, want, err)
	}
	refusal := fmt.Sprintf("the schema is at 99, this build knows %d", want)
	if err := s.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), refusal) {
		t.Errorf("Migrate answers %v", err)
	}
}

// G13: what fails leaves nothing behind, says where the schema stands, and may be tried again.
func TestAMigrationThatFailsIsUndoneAndNamed(t *testing.T) {
	t.Parallel()
	s := opened(t, filepath.Join(t.TempDir(), "authd.db"))
	s.run(t, "create table kills (in_the_way)") // after users, sessions and others in the migration
	err := s.Migrate(t.Context())
	if err == nil || !strings.Contains(err.Error(), "the schema is at 0, this build needs ") || !strings.Contains(err.Error(), "kills") {
		t.Errorf("Migrate answers %v", err)
	}
	if got := s.count(t, "select count(*) from sqlite_schema where name in ('users', 'sessions')"); got != 0 {
		t.Errorf("half a migration stayed: %d tables", got)
	}
	s.run(t, "drop table kills")
	if err := s.Migrate(t.Context()); err != nil {
		t.Error(err)
	}
}

// Types are looser in SQLite than a schema looks, unless the table is strict.
func TestNoColumnTakesAnotherType(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "authd.db"))
	if got := s.count(t, `
		select count(*)
		  from pragma_table_list
		 where schema = 'main' and type = 'table' and not strict
		   and name not like 'sqlite_%' and name <> 'goose_db_version'`); got != 0 {
		t.Errorf("%d tables are not strict", got)
	}
	for _, statement := range []string{
		"insert into secrets (name, sealed, created_at) values ('a', x'00', '2026-01-01')",
		"insert into secrets (name, sealed, created_at) values ('a', 'text', 1)",
		"update password_cost set greatest = 'twelve'",
	} {
		err := s.write(t.Context(), "write", func(ctx context.Context, l *link) error {
			_, err := l.exec(ctx, statement)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "cannot store") {
			t.Errorf("%s: error %v", statement, err)
		}
	}
}

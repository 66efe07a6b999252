package main

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestThePassFileGivesPostgresTheDatabasePassword(t *testing.T) {
	t.Parallel()
	for _, password := range []string{"letters-and_digits", `a:b\c`, `\:`, "::", "ends in \\"} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, databasePasswordFile), password+"\n", 0o600)
		if err := (initCmd{Dir: dir}).Run(process{stdout: io.Discard}); err != nil {
			t.Fatal(err)
		}
		config, err := pgconn.ParseConfig("postgres://authd@db/authd?passfile=" + filepath.Join(dir, databasePassFile))
		if err != nil {
			t.Fatal(err)
		}
		if config.Password != password {
			t.Errorf("got %q, want %q", config.Password, password)
		}
	}
}

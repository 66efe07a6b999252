package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/authd/authd/internal/store/sqlite"
)

// backupCmd copies the SQLite file beside a server that may be running. It needs no master key and takes
// any schema: a backup is what one makes before an upgrade.
type backupCmd struct {
	storeSettings
	File string `arg:"" help:"File for the copy. It must not exist."`
}

func (backupCmd) Help() string {
	return `Copies the SQLite database as it is at one moment, beside a server that may be running, and reads ` +
		`the copy once to the end. The file is readable by its owner alone. The master key is not in it: keep ` +
		`that elsewhere, because only both together open anything. To go back: stop the server, put the file in ` +
		`the place of authd.db, remove authd.db-wal and authd.db-shm, and run authd post-restore.`
}

var errBackupPostgres = errors.New("this copies the SQLite file, and AUTHD_DATABASE_URL names a PostgreSQL: use pg_dump --format=custom, or the backups of whoever runs it, and after a restore authd post-restore")

// Run copies, and says what was copied and what was not.
func (c *backupCmd) Run(ctx context.Context, p process) (err error) {
	if c.postgres() {
		return &usageError{errBackupPostgres}
	}
	file, err := c.openFile(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	err = file.Backup(ctx, c.File)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already, and is left as it is: name another file", c.File)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "copied %s to %s; the master key is not in it\n", databaseFile, c.File)
	return err
}

// openFile opens the SQLite file that is there.
func (s *storeSettings) openFile(ctx context.Context) (*sqlite.Store, error) {
	if err := s.wantFile(); err != nil {
		return nil, err
	}
	return s.openSQLite(ctx, nil)
}

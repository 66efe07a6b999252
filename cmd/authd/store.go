package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/store/postgres"
	"github.com/authd/authd/internal/store/sqlite"
	"github.com/authd/authd/internal/tokens"
)

// store is what either database is to this package.
type store interface {
	tokens.Store
	tokens.KeyringStore
	accounts.Store
	audit.Store
	revocation.Store
	// Schema reads which version the database has, 0 for none, and which this build wants.
	Schema(ctx context.Context) (have, want int64, err error)
	// Migrate brings the schema to the version that this build wants. Several may do it at once.
	Migrate(ctx context.Context) error
	Close() error
}

// open opens the store that was chosen, and makes the file of SQLite if it is not there. failed, unless
// nil, hears of calls that fail for a reason that is not the caller's.
func (s *storeSettings) open(ctx context.Context, failed func(doing string, err error)) (store, error) {
	// Each result is looked at before it becomes a store: a nil pointer in an interface is not nil.
	if s.postgres() {
		c := postgres.Config{URL: s.DatabaseURL.Reveal(), Failed: failed}
		if s.patient {
			c.StatementTimeout, c.CallTimeout = patience, patience
		}
		db, err := postgres.Open(ctx, c)
		if err != nil {
			return nil, err
		}
		return db, nil
	}
	file, err := s.openSQLite(ctx, failed)
	if err != nil {
		return nil, err
	}
	return file, nil
}

// patience is what a command is given that writes every row: some millions of them.
const patience = time.Hour

func (s *storeSettings) openSQLite(ctx context.Context, failed func(doing string, err error)) (*sqlite.Store, error) {
	return sqlite.Open(ctx, sqlite.Config{Path: s.databasePath(), Now: time.Now, Failed: failed})
}

func (s *storeSettings) databasePath() string { return filepath.Join(s.DataDir, databaseFile) }

// openExisting is for commands, which must not leave an empty database where somebody mistyped a folder.
func (s *storeSettings) openExisting(ctx context.Context) (store, error) {
	if !s.postgres() {
		if err := s.wantFile(); err != nil {
			return nil, err
		}
	}
	return s.open(ctx, nil)
}

// wantFile refuses a folder without a database.
func (s *storeSettings) wantFile() error {
	exists, err := sqlite.Exists(s.databasePath())
	if err == nil && !exists {
		err = fmt.Errorf("there is no database %s: the first start of authd makes it; AUTHD_DATA_DIR names another folder", s.databasePath())
	}
	return err
}

// bringUp makes the schema right if it may, and refuses it otherwise.
func bringUp(ctx context.Context, st store, migrates bool) error {
	have, want, err := st.Schema(ctx)
	if err != nil {
		return err
	}
	if have < want && migrates {
		return st.Migrate(ctx)
	}
	return checkSchema(have, want)
}

// checkSchema refuses a schema that is not this build's, in the words of the repair.
func checkSchema(have, want int64) error {
	switch {
	case have < want:
		return fmt.Errorf("the schema is at %d, this build needs %d: run authd migrate up", have, want)
	case have > want:
		return fmt.Errorf("the schema is at %d, this build knows %d: use a newer build", have, want)
	}
	return nil
}

// openKeyring opens the stored secrets with the master keys. What it finds missing on a first boot it makes.
func openKeyring(ctx context.Context, st store, keys []auth.Secret, t tokenSettings, k keySettings,
	record audit.Sink, failed func(context.Context, error),
) (*tokens.Keyring, error) {
	ring, err := tokens.OpenKeyring(ctx, tokens.KeyringConfig{
		Store: st, MasterKeys: bytesOf(keys), AccessTTL: t.AccessTTL, JWKSMaxAge: t.JWKSMaxAge,
		Alg: tokens.Alg(k.SigningAlg), Rotation: t.KeyRotation, Random: rand.Reader, Now: time.Now,
		PepperNamed: accounts.PepperNamed(st), Record: record, Failed: failed,
	})
	if errors.Is(err, tokens.ErrMasterKey) {
		return nil, fmt.Errorf("%w. Set AUTHD_MASTER_KEY to the key that seals them, which authd secrets list tells from others; there is no other way in", err)
	}
	return ring, err
}

func bytesOf(keys []auth.Secret) [][]byte {
	masters := make([][]byte, len(keys))
	for i, key := range keys {
		masters[i] = []byte(key.Reveal())
	}
	return masters
}

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/authd/authd/internal/auth"
)

// What lies in the data folder.
const (
	databaseFile   = "authd.db" // and SQLite's -wal and -shm beside it
	masterKeyFile  = "master.key"
	adminTokenFile = "admin.token"
	lockFile       = "serve.lock"
)

// dataDir is the folder of a SQLite store.
type dataDir struct{ path string }

// openDataDir makes the folder if it is not there. An existing one keeps its mode: it may be a mount.
func openDataDir(path string) (dataDir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return dataDir{}, fmt.Errorf("the data folder: %w", err)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return dataDir{}, fmt.Errorf("the data folder: %w (AUTHD_DATA_DIR names another)", err)
	}
	return dataDir{path}, nil
}

func (d dataDir) file(name string) string { return filepath.Join(d.path, name) }

// lock keeps the folder for one serve. The lock is the system's, so it ends with the process however
// that ends; its file stays, because removing it would let two processes lock two files of one name.
func (d dataDir) lock() (unlock func() error, err error) {
	lock := flock.New(d.file(lockFile), flock.SetPermissions(0o600))
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	if !held {
		return nil, fmt.Errorf("another authd serve runs on the data folder %s: stop it, or name another folder by AUTHD_DATA_DIR", d.path)
	}
	return lock.Unlock, nil
}

// checkWritable refuses a database that this process may only read, as after root has copied a backup
// back. SQLite opens such a file all the same, so the server would be ready and every write refused, and
// it would leave a log that nobody can write either. It is called before the store is open: closing a
// file drops the locks that the process has on it.
func (d dataDir) checkWritable() error {
	for _, name := range []string{databaseFile, databaseFile + "-wal", databaseFile + "-shm"} {
		file, err := os.OpenFile(d.file(name), os.O_WRONLY, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("the database cannot be written: %w", err)
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return nil
}

// masterKeys returns the keys of the folder, after making one if the folder has no database yet.
func (d dataDir) masterKeys(random io.Reader) (keys []auth.Secret, made bool, err error) {
	made, err = d.makeMasterKey(random)
	if err != nil {
		return nil, false, err
	}
	keys, err = d.readMasterKeys()
	return keys, made, err
}

// readMasterKeys returns the keys that are there.
func (d dataDir) readMasterKeys() ([]auth.Secret, error) {
	path := d.file(masterKeyFile)
	text, err := readGuardedFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, d.errNoMasterKey()
	} else if err != nil {
		return nil, fmt.Errorf("the master key: %w", err)
	}
	keys, err := parseMasterKeys(text)
	if err != nil {
		return nil, fmt.Errorf("the master key in %s: %w", path, err)
	}
	return keys, nil
}

func (d dataDir) errNoMasterKey() error {
	return fmt.Errorf("%s has a database but no %s: put the key back from where it was kept, "+
		"or set AUTHD_MASTER_KEY; no other key opens what is stored", d.path, masterKeyFile)
}

// makeMasterKey never makes a key beside an existing database: nothing in there would open with it,
// and the new file would hide that the old key is lost.
func (d dataDir) makeMasterKey(random io.Reader) (made bool, err error) {
	path := d.file(masterKeyFile)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return false, nil // it is there, or reading it will say what is wrong
	}
	if _, err := os.Lstat(d.file(databaseFile)); !errors.Is(err, fs.ErrNotExist) {
		return false, d.errNoMasterKey()
	}
	key, err := newMasterKey(random)
	if err != nil {
		return false, err
	}
	made, err = makeSecretFile(path, key)
	if err != nil {
		return false, fmt.Errorf("make the master key: %w", err)
	}
	return made, nil
}

// adminToken returns the token of the admin listener, after making one if the folder has none.
func (d dataDir) adminToken(random io.Reader) (auth.Secret, error) {
	made, err := newAdminToken(random)
	if err != nil {
		return auth.Secret{}, err
	}
	path := d.file(adminTokenFile)
	if _, err := makeSecretFile(path, made); err != nil {
		return auth.Secret{}, fmt.Errorf("make the admin token: %w", err)
	}
	token, err := readGuardedFile(path)
	if err == nil {
		err = checkAdminToken(token)
	}
	if err != nil {
		return auth.Secret{}, fmt.Errorf("the admin token in %s: %w", path, err)
	}
	return token, nil
}

package main

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"

	"github.com/authd/authd/internal/auth"
)

// ground is what serve stands on before there is a store.
type ground struct {
	masterKeys []auth.Secret
	adminToken auth.Secret // none: PostgreSQL, and none was set
	first      bool        // nothing was here before: tell the operator how to begin
	release    func() error
}

// claim takes the data folder for this process and makes its secrets. With PostgreSQL there is no
// folder, and the keys are in the settings.
func (c *serveCmd) claim() (ground, error) {
	g := ground{masterKeys: c.masterKeys, adminToken: c.AdminToken, release: func() error { return nil }}
	if c.postgres() {
		return g, nil
	}
	dir, err := openDataDir(c.DataDir)
	if err != nil {
		return g, err
	}
	release, err := dir.lock()
	if err != nil {
		return g, err
	}
	if err := dir.checkWritable(); err != nil {
		return g, errors.Join(err, release())
	}
	_, err = os.Lstat(dir.file(databaseFile))
	g.first = errors.Is(err, fs.ErrNotExist)
	if len(g.masterKeys) == 0 {
		if g.masterKeys, _, err = dir.masterKeys(rand.Reader); err != nil {
			return g, errors.Join(err, release())
		}
	}
	if g.adminToken.IsZero() {
		if g.adminToken, err = dir.adminToken(rand.Reader); err != nil {
			return g, errors.Join(err, release())
		}
	}
	g.release = release
	return g, nil
}

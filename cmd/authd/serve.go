package main

import (
	"context"
	"crypto/rand"
	"errors"
)

// serveCmd runs the service. Its flags are the table of settings.
type serveCmd struct {
	settings
}

func (serveCmd) Help() string {
	return `Every flag is also a variable: --access-ttl is AUTHD_ACCESS_TTL. A flag goes before its ` +
		`variable, a variable before the default. Secrets belong into files, which the --…-file flags ` +
		`name: other users of the machine can read a command line.`
}

func (c *serveCmd) Run(context.Context, process) error {
	if !c.postgres() {
		dir, err := openDataDir(c.DataDir)
		if err != nil {
			return err
		}
		unlock, err := dir.lock()
		if err != nil {
			return err
		}
		defer unlock()
		if _, _, err = dir.masterKeys(rand.Reader); err != nil {
			return err
		}
		if err := dir.makeAdminToken(rand.Reader); err != nil {
			return err
		}
	}
	return errors.New("this build has no listener yet")
}

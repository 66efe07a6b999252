package main

import (
	"context"
	"errors"
	"fmt"
)

type migrateCmd struct {
	Up     migrateUpCmd     `cmd:"" help:"Bring the schema to the version of this build. Running it again changes nothing."`
	Status migrateStatusCmd `cmd:"" help:"Say which version the schema has and which this build needs."`
}

type migrateUpCmd struct{ storeSettings }

// Run migrates and says from where to where.
func (c *migrateUpCmd) Run(ctx context.Context, p process) (err error) {
	st, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	have, want, err := st.Schema(ctx)
	if err != nil {
		return err
	}
	if have == want {
		_, err = fmt.Fprintf(p.stdout, "the schema is at %d: nothing to do\n", have)
		return err
	}
	if err := st.Migrate(ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "the schema was at %d and is at %d\n", have, want)
	return err
}

type migrateStatusCmd struct{ storeSettings }

// Run prints one line and changes nothing.
func (c *migrateStatusCmd) Run(ctx context.Context, p process) (err error) {
	st, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	have, want, err := st.Schema(ctx)
	if err != nil {
		return err
	}
	advice := "up to date"
	switch {
	case have < want:
		advice = "run authd migrate up"
	case have > want:
		advice = "use a newer build"
	}
	_, err = fmt.Fprintf(p.stdout, "the schema is at %d, this build needs %d: %s\n", have, want, advice)
	return err
}

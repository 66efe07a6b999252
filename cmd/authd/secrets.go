package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

type secretsCmd struct {
	List   secretsListCmd   `cmd:"" help:"List the stored secrets: names, versions, times, and which master key seals each. Never a secret."`
	Rewrap secretsRewrapCmd `cmd:"" help:"Seal everything under the first of the master keys."`
	Rotate secretsRotateCmd `cmd:"" help:"Make a new version of a secret, used 30 seconds later."`
}

// sealedSettings is for a command that looks at what is sealed and opens nothing.
type sealedSettings struct {
	storeSettings
	masterKeySettings
}

func (s *sealedSettings) settle(f *faults) {
	s.storeSettings.settle(f)
	s.masterKeySettings.settle(f, s.postgres())
}

type secretsListCmd struct{ sealedSettings }

// Run prints a line a secret. It works with the wrong master key, too: then one wants to know.
func (c *secretsListCmd) Run(ctx context.Context, p process) (err error) {
	st, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	if err := bringUp(ctx, st, false); err != nil {
		return err
	}
	keys, err := c.given(&c.storeSettings)
	if err != nil {
		return err
	}
	list, err := tokens.ListSecrets(ctx, st, bytesOf(keys))
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tMADE\tIN USE FROM\tSEALED BY")
	for _, secret := range list {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", secret.Name, inUTC(secret.CreatedAt), whenSettled(secret.UsedFrom), sealedBy(secret.MasterKey))
	}
	return table.Flush()
}

// sealedBy says which of the master keys that were given it is, as they are counted in faults.
func sealedBy(place int) string {
	if place == 0 {
		return "none of the master keys given"
	}
	return fmt.Sprintf("master key %d", place)
}

// given are the master keys of the settings, or those of the data folder.
func (s *masterKeySettings) given(store *storeSettings) ([]auth.Secret, error) {
	if len(s.masterKeys) > 0 {
		return s.masterKeys, nil
	}
	return (dataDir{store.DataDir}).readMasterKeys()
}

type secretsRewrapCmd struct{ deskSettings }

func (secretsRewrapCmd) Help() string {
	return `The step in the middle of replacing a master key: before it, every instance has both, the new one first; ` +
		`after it, the old one opens nothing and can go. docs/keys.md has all steps.`
}

// Run rewraps. Doing it again finds nothing to do.
func (c *secretsRewrapCmd) Run(ctx context.Context, p process) error {
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		moved, err := d.keys.Rewrap(ctx, byCommand)
		if err != nil {
			return err
		}
		if moved == 0 {
			_, err = fmt.Fprintln(p.stdout, "every secret is sealed by the first master key already")
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "sealed %d secrets by the first master key; no other is needed for them any more\n", moved)
		return err
	})
}

type secretsRotateCmd struct {
	deskSettings
	Secret string `arg:"" enum:"refresh,pepper" help:"refresh, of which refresh tokens are made, or pepper, which is in password hashes."`
}

// Run makes a version, or says which one is on its way.
func (c *secretsRotateCmd) Run(ctx context.Context, p process) error {
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		version, from, err := d.keys.RotateSecret(ctx, c.Secret, byCommand)
		if err != nil {
			return err
		}
		in, err := d.until(ctx, from)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "version %d of %s is used from %s, in %v\n", version, c.Secret, inUTC(from), in)
		return err
	})
}

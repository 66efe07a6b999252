package main

import (
	"context"
	"fmt"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
)

// userCommand is a command on one user who is there.
type userCommand struct {
	deskSettings
	User string `arg:"" help:"Username or id."`
}

// do finds the user, does deed and says what was done, in a form with a place for the name.
func (c *userCommand) do(ctx context.Context, p process, done string, deed func(context.Context, *accounts.Accounts, accounts.User) error) error {
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		user, err := d.users.Find(ctx, c.User)
		if err != nil {
			return err
		}
		if err := deed(ctx, d.users, user); err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, done+"\n", user.Username)
		return err
	})
}

type usersDisableCmd struct{ userCommand }

// Run disables the user.
func (c *usersDisableCmd) Run(ctx context.Context, p process) error {
	return c.do(ctx, p, "disabled %s and ended all sessions", func(ctx context.Context, users *accounts.Accounts, user accounts.User) error {
		return users.SetDisabled(ctx, user.ID, true, byCommand)
	})
}

type usersEnableCmd struct{ userCommand }

// Run enables the user.
func (c *usersEnableCmd) Run(ctx context.Context, p process) error {
	return c.do(ctx, p, "enabled %s: old sessions stay ended", func(ctx context.Context, users *accounts.Accounts, user accounts.User) error {
		return users.SetDisabled(ctx, user.ID, false, byCommand)
	})
}

type usersUnlockCmd struct{ userCommand }

// Run forgets the user's failures.
func (c *usersUnlockCmd) Run(ctx context.Context, p process) error {
	return c.do(ctx, p, "forgot what was counted against %s: the next login is looked at", func(ctx context.Context, users *accounts.Accounts, user accounts.User) error {
		_, err := users.Unlock(ctx, user, byCommand)
		return err
	})
}

type usersRevokeCmd struct{ userCommand }

// Run raises the user's epoch.
func (c *usersRevokeCmd) Run(ctx context.Context, p process) error {
	return c.do(ctx, p, "ended all sessions of %s, with every token", func(ctx context.Context, users *accounts.Accounts, user accounts.User) error {
		return users.Revoke(ctx, user.ID, byCommand)
	})
}

type usersDeleteCmd struct {
	userCommand
	Yes bool `help:"Do not ask."`
}

// Run deletes the user, after asking: nothing brings an account back.
func (c *usersDeleteCmd) Run(ctx context.Context, p process) error {
	return c.do(ctx, p, "deleted %s", func(ctx context.Context, users *accounts.Accounts, user accounts.User) error {
		if !c.Yes {
			if err := confirmDeletion(ctx, p, user); err != nil {
				return err
			}
		}
		return users.Delete(ctx, user.ID, byCommand)
	})
}

type usersResetCmd struct{ userCommand }

// Run prints the token on standard output, alone, so that a script can hand it on; the rest goes beside it.
func (c *usersResetCmd) Run(ctx context.Context, p process) error {
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		user, err := d.users.Find(ctx, c.User)
		if err != nil {
			return err
		}
		var token auth.Secret
		var expires time.Time
		if token, expires, err = d.users.IssueReset(ctx, user.ID, byCommand); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(p.stdout, token.Reveal()); err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stderr, "%s may set a new password with it, once, until %s\n", user.Username, inUTC(expires))
		return err
	})
}

// inUTC writes a time for people, to the second.
func inUTC(t time.Time) string { return t.UTC().Format(time.RFC3339) }

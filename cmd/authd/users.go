package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/authd/authd/internal/accounts"
)

type usersCmd struct {
	Create  usersCreateCmd  `cmd:"" help:"Make a user. The password is read from standard input, or asked for on a terminal."`
	List    usersListCmd    `cmd:"" help:"List all users by name."`
	Passwd  usersPasswdCmd  `cmd:"" help:"Set a user's password, read as by create, and end all sessions of the user."`
	Roles   usersRolesCmd   `cmd:"" help:"Print the roles of a user, or set them. Tokens have them from the next refresh on."`
	Disable usersDisableCmd `cmd:"" help:"Take the right to sign in from a user, and end all sessions."`
	Enable  usersEnableCmd  `cmd:"" help:"Give the right to sign in back. What was ended stays so."`
	Unlock  usersUnlockCmd  `cmd:"" help:"Forget the wrong passwords that were counted for a user, so that the next login is looked at."`
	Revoke  usersRevokeCmd  `cmd:"" help:"End all sessions of a user, with every token. The user may sign in again."`
	Reset   usersResetCmd   `cmd:"" help:"Print a one-time token by which a user sets a new password, good for 30 minutes."`
	Delete  usersDeleteCmd  `cmd:"" help:"Delete a user with all sessions, after asking."`
	Import  usersImportCmd  `cmd:"" help:"Make users of a CSV or NDJSON file with the bcrypt hashes that they have elsewhere."`
	Export  usersExportCmd  `cmd:"" help:"Write all users as CSV or NDJSON, for import or for anything else."`
}

// userSettings is for commands that set a password.
type userSettings struct {
	deskSettings
	passwordSettings
}

func (s *userSettings) with(ctx context.Context, do func(context.Context, *desk) error) error {
	return s.withPasswords(ctx, s.passwordSettings, do)
}

type usersCreateCmd struct {
	userSettings
	Username string `arg:"" help:"Name to sign in by; an e-mail address is fine."`
}

// Run makes the user and prints the name, as mapped, and the id.
func (c *usersCreateCmd) Run(ctx context.Context, p process) error {
	typed, err := readPassword(ctx, p)
	if err != nil {
		return err
	}
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		user, err := d.users.Create(ctx, c.Username, typed.Reveal(), byCommand)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "made %s, %s\n", user.Username, user.ID)
		return err
	})
}

type usersPasswdCmd struct {
	userSettings
	User string `arg:"" help:"Username or id."`
}

// Run sets the password.
func (c *usersPasswdCmd) Run(ctx context.Context, p process) error {
	typed, err := readPassword(ctx, p)
	if err != nil {
		return err
	}
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		user, err := d.users.Find(ctx, c.User)
		if err != nil {
			return err
		}
		if err := d.users.SetPassword(ctx, user, typed.Reveal(), byCommand); err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "set the password of %s and ended all sessions\n", user.Username)
		return err
	})
}

type usersListCmd struct{ deskSettings }

// Run prints a line a user.
func (c *usersListCmd) Run(ctx context.Context, p process) error {
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "USERNAME\tID\tCREATED\tSTATE\tROLES")
		const page = 500
		for after := ""; ; {
			list, err := d.users.List(ctx, after, page)
			if err != nil {
				return err
			}
			for _, user := range list {
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", user.Username, user.ID,
					user.CreatedAt.Format(time.RFC3339), stateOf(user), strings.Join(user.Roles, ","))
				after = user.Username
			}
			if len(list) < page {
				return table.Flush()
			}
		}
	})
}

func stateOf(user accounts.User) string {
	if user.DisabledAt.IsZero() {
		return "enabled"
	}
	return "disabled"
}

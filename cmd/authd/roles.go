package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/authd/authd/internal/accounts"
)

// roleName is a role as it was typed. Its own type keeps it apart from the lists by commas of the
// settings: a role may have a comma in it.
type roleName string

type usersRolesCmd struct {
	deskSettings
	User  string     `arg:"" help:"Username or id."`
	Roles []roleName `arg:"" optional:"" sep:"none" help:"What the user's roles are to be, all of them. Without any, those that there are get printed."`
	None  bool       `help:"Take all roles away."`
}

// Validate refuses a line that says two things.
func (c *usersRolesCmd) Validate() error {
	if c.None && len(c.Roles) > 0 {
		return errors.New("--none takes all roles away: leave out the others, or --none")
	}
	return nil
}

// Run prints the roles, a line each so that a script can take them, or sets them.
func (c *usersRolesCmd) Run(ctx context.Context, p process) error {
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		user, err := d.users.Find(ctx, c.User)
		if err != nil {
			return err
		}
		if len(c.Roles) == 0 && !c.None {
			for _, role := range user.Roles {
				if _, err := fmt.Fprintln(p.stdout, role); err != nil {
					return err
				}
			}
			return nil
		}
		roles := make([]string, len(c.Roles))
		for i, role := range c.Roles {
			roles[i] = string(role)
		}
		if user, err = d.users.Change(ctx, user.ID, accounts.Change{Roles: &roles}, byCommand); err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "%s has %s: so say its tokens from the next refresh on\n", user.Username, listed(user.Roles))
		return err
	})
}

func listed(roles []string) string {
	switch len(roles) {
	case 0:
		return "no roles"
	case 1:
		return "the role " + roles[0]
	}
	return "the roles " + strings.Join(roles, " ")
}

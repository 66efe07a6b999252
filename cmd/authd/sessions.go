package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/authd/authd/internal/auth"
)

type sessionsCmd struct {
	List sessionsListCmd `cmd:"" help:"List the live sessions of a user, the one last used first."`
	End  sessionsEndCmd  `cmd:"" help:"End one session."`
}

type sessionsListCmd struct{ userCommand }

// Run prints a line a session.
func (c *sessionsListCmd) Run(ctx context.Context, p process) error {
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		user, err := d.users.Find(ctx, c.User)
		if err != nil {
			return err
		}
		list, err := d.sessions.UserSessions(ctx, user.ID)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "SESSION\tSIGNED IN\tLAST USED\tEXPIRES\tADDRESS\tDEVICE\tAGENT")
		for _, s := range list {
			address := ""
			if s.Address.IsValid() {
				address = s.Address.String()
			}
			// Device and agent are what the client said of itself (F25).
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, inUTC(s.CreatedAt), inUTC(s.LastUsedAt), inUTC(s.RefreshExpiresAt),
				address, onOneLine(s.Device), onOneLine(s.UserAgent))
		}
		return table.Flush()
	})
}

type sessionsEndCmd struct {
	deskSettings
	Session string `arg:"" help:"Id of the session: the sid of its tokens."`
}

// Run ends the session. One that has ended before is no fault: it is as it was wanted.
func (c *sessionsEndCmd) Run(ctx context.Context, p process) error {
	id, err := auth.ParseSessionID(c.Session)
	if err != nil {
		return &usageError{fmt.Errorf("the session: %w", err)}
	}
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		if err := d.sessions.EndSession(ctx, id, byCommand); err != nil {
			return err
		}
		_, err := fmt.Fprintf(p.stdout, "ended session %s\n", id)
		return err
	})
}

type revokeCmd struct {
	Token revokeTokenCmd `cmd:"" help:"Revoke one access token; its session goes on."`
}

type revokeTokenCmd struct {
	deskSettings
	JTI string `arg:"" name:"jti" help:"Id of the token: its jti. Put -- before one that begins with a hyphen."`
}

// Run revokes the token. It takes the id and not the token: other users of the machine can read a
// command line.
func (c *revokeTokenCmd) Run(ctx context.Context, p process) error {
	id, err := auth.ParseTokenID(c.JTI)
	if err != nil {
		return &usageError{errors.New("the jti is 16 characters of base64url; give the token's id, not the token")}
	}
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		if err := d.sessions.RevokeToken(ctx, id, byCommand); err != nil {
			return err
		}
		_, err := fmt.Fprintf(p.stdout, "revoked token %s\n", id)
		return err
	})
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
)

type clientsCmd struct {
	Create clientsCreateCmd `cmd:"" help:"Make a machine client, and print its id and its secret, which is shown once."`
	List   clientsListCmd   `cmd:"" help:"List all clients in the order in which they were made."`
	Revoke clientsRevokeCmd `cmd:"" help:"Kill every token of a client. It may ask for a new one at once."`
	Delete clientsDeleteCmd `cmd:"" help:"Delete a client with every token, after asking."`
}

// word is a scope or an audience as it was typed. Its own type keeps it apart from the lists by commas of
// the settings: a scope may have a comma in it.
type word string

type clientsCreateCmd struct {
	deskSettings
	Name      string `arg:"" help:"What people are to know it by."`
	Scopes    []word `name:"scope" sep:"none" placeholder:"SCOPE" help:"What its tokens may be asked for. May be repeated."`
	Audiences []word `name:"audience" sep:"none" placeholder:"AUD" help:"Who its tokens may be for; without any, whoever the service's are for. May be repeated."`
	JSON      bool   `name:"json" help:"Print one JSON object."`
}

// Run makes the client. On standard output stand the id and the secret, a line each with its word before
// it, so that a script can hand on either; that the secret is not shown again goes beside it.
func (c *clientsCreateCmd) Run(ctx context.Context, p process) error {
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		client, secret, err := d.users.CreateClient(ctx, accounts.NewClient{
			Name: c.Name, Scopes: plain(c.Scopes), Audiences: plain(c.Audiences),
		}, byCommand)
		if err != nil {
			return err
		}
		if err := printMade(p.stdout, client.ID, secret, c.JSON); err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stderr, "made %s; its secret is shown here and never again\n", client.Name)
		return err
	})
}

func printMade(w io.Writer, id auth.ClientID, secret auth.Secret, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(struct {
			ID     string `json:"client_id"`
			Secret string `json:"client_secret"`
		}{id.String(), secret.Reveal()})
	}
	_, err := fmt.Fprintf(w, "client_id %s\nclient_secret %s\n", id, secret.Reveal())
	return err
}

func plain(words []word) []string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = string(w)
	}
	return list
}

type clientsListCmd struct{ deskSettings }

// Run prints a line a client.
func (c *clientsListCmd) Run(ctx context.Context, p process) error {
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tNAME\tCREATED\tSCOPES\tAUDIENCES")
		const page = 500
		for after := (auth.ClientID{}); ; {
			list, err := d.users.Clients(ctx, after, page)
			if err != nil {
				return err
			}
			for _, client := range list {
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", client.ID, client.Name, inUTC(client.CreatedAt),
					strings.Join(client.Scopes, " "), strings.Join(client.Audiences, " "))
				after = client.ID
			}
			if len(list) < page {
				return table.Flush()
			}
		}
	})
}

// clientCommand is a command on one client who is there.
type clientCommand struct {
	deskSettings
	Client string `arg:"" help:"Id of the client."`
}

// do finds the client, does deed and says what was done, in a form with a place for the name.
func (c *clientCommand) do(ctx context.Context, p process, done string, deed func(context.Context, *accounts.Accounts, accounts.Client) error) error {
	id, err := auth.ParseClientID(c.Client)
	if err != nil {
		return &usageError{errors.New("the client is named by its id: authd clients list has it")}
	}
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		client, err := d.users.Client(ctx, id)
		if err != nil {
			return err
		}
		if err := deed(ctx, d.users, client); err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, done+"\n", client.Name)
		return err
	})
}

type clientsRevokeCmd struct{ clientCommand }

// Run raises the client's epoch.
func (c *clientsRevokeCmd) Run(ctx context.Context, p process) error {
	return c.do(ctx, p, "killed every token of %s", func(ctx context.Context, all *accounts.Accounts, client accounts.Client) error {
		return all.RevokeClient(ctx, client.ID, byCommand)
	})
}

type clientsDeleteCmd struct {
	clientCommand
	Yes bool `help:"Do not ask."`
}

// Run deletes the client, after asking: nobody can give it back its secret.
func (c *clientsDeleteCmd) Run(ctx context.Context, p process) error {
	return c.do(ctx, p, "deleted %s, with every token", func(ctx context.Context, all *accounts.Accounts, client accounts.Client) error {
		if !c.Yes {
			question := fmt.Sprintf("This deletes %s (%s) with every token, for good. Type the name: ", client.Name, client.ID)
			if err := confirm(ctx, p, question, client.Name, "nothing was deleted"); err != nil {
				return err
			}
		}
		return all.DeleteClient(ctx, client.ID, byCommand)
	})
}

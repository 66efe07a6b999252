package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// auditCmd reads what GET /admin/audit answers, by the same filters.
type auditCmd struct {
	deskSettings
	User    string `placeholder:"USER" help:"Of this user: a name or an id. One who was deleted has the id alone."`
	Session string `placeholder:"SESSION" help:"Of this session."`
	Name    string `placeholder:"NAME" help:"Of this name, such as session.ended."`
	Actor   string `words:"user admin cli system" placeholder:"ACTOR" help:"Caused by user, admin, cli or system."`
	Address string `placeholder:"IP" help:"Of requests from this address."`
	Since   string `placeholder:"TIME" help:"At this time or later, as 2026-11-23T09:00:00Z."`
	Until   string `placeholder:"TIME" help:"Before this time."`
	Limit   int    `default:"100" min:"1" max:"1000000000" help:"At most so many, the newest."`
	JSON    bool   `name:"json" help:"A line of JSON an event, in the words of the log."`
}

// Run prints a line an event, the newest first. The reading leaves no event.
func (c *auditCmd) Run(ctx context.Context, p process) error {
	q, err := c.query()
	if err != nil {
		return &usageError{err}
	}
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		if c.User != "" {
			if q.User, err = d.everUser(ctx, c.User); err != nil {
				return err
			}
		}
		show := eventTable
		if c.JSON {
			show = eventLines
		}
		line, done := show(p.stdout)
		if err := eachRecord(ctx, d.store, q, c.Limit, line); err != nil {
			return err
		}
		return done()
	})
}

// query reads the filters but the user, whom the store knows.
func (c *auditCmd) query() (q audit.Query, err error) {
	q.Name, q.Actor = audit.Name(c.Name), audit.Actor(c.Actor)
	if c.Session != "" {
		if q.Session, err = auth.ParseSessionID(c.Session); err != nil {
			return q, fmt.Errorf("the session: %w", err)
		}
	}
	if c.Address != "" {
		address, err := netip.ParseAddr(c.Address)
		if err != nil || address.Zone() != "" {
			return q, errors.New("the address must be an IP address")
		}
		q.Address = address.Unmap()
	}
	for _, t := range []struct {
		text string
		to   *time.Time
	}{{c.Since, &q.Since}, {c.Until, &q.Until}} {
		if t.text == "" {
			continue
		}
		if *t.to, err = time.Parse(time.RFC3339, t.text); err != nil || t.to.IsZero() {
			return q, errors.New("times are written as 2026-11-23T09:00:00Z")
		}
	}
	return q, nil
}

// everUser is the id of a user who is there, or was: what happened outlives the user.
func (d *desk) everUser(ctx context.Context, nameOrID string) (auth.UserID, error) {
	user, err := d.users.Find(ctx, nameOrID)
	if !errors.Is(err, accounts.ErrUserNotFound) {
		return user.ID, err
	}
	if id, notID := auth.ParseUserID(nameOrID); notID == nil {
		return id, nil
	}
	return user.ID, err
}

// eachRecord reads page by page, so that what is printed need not fit into memory.
func eachRecord(ctx context.Context, st audit.Store, q audit.Query, limit int, line func(audit.Record) error) error {
	const page = 500
	for limit > 0 {
		q.Limit = min(page, limit)
		records, err := st.Records(ctx, q)
		if err != nil {
			return err
		}
		for _, r := range records {
			if err := line(r); err != nil {
				return err
			}
			q.Before = r.ID
		}
		if len(records) < q.Limit {
			return nil
		}
		limit -= len(records)
	}
	return nil
}

// eventTable is for people. What clients said of themselves stays on its line (F25).
func eventTable(to io.Writer) (line func(audit.Record) error, done func() error) {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TIME\tNAME\tACTOR\tWHAT IT SAYS")
	return func(r audit.Record) error {
		var said []string
		for _, a := range attributes(r.Event) {
			if a.Key != "actor" && a.Key != "advice" {
				said = append(said, a.Key+"="+onOneLine(a.Value.String()))
			}
		}
		_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.At.UTC().Format("2006-01-02T15:04:05.000Z"), r.Name, r.Actor, strings.Join(said, " "))
		return err
	}, table.Flush
}

// eventLines is for programs: the members that an event has as a line of the log.
func eventLines(to io.Writer) (line func(audit.Record) error, done func() error) {
	out := json.NewEncoder(escaped{to})
	return func(r audit.Record) error {
		members := map[string]string{"time": r.At.UTC().Format("2006-01-02T15:04:05.000Z"), "msg": string(r.Name), "id": r.ID.String()}
		for _, a := range attributes(r.Event) {
			if a.Key != "advice" {
				members[a.Key] = a.Value.String()
			}
		}
		return out.Encode(members)
	}, func() error { return nil }
}

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

type postRestoreCmd struct {
	deskSettings
	Yes bool `help:"Do not ask."`
}

func (postRestoreCmd) Help() string {
	return `For a database that an older copy was put into, before it is served. What was signed, opened, revoked and ` +
		`changed since that copy was made is not in it. This gives the feed of revocations a new name, kills the signing ` +
		`keys and makes two new ones, raises every epoch, ends every session and deletes every password reset: everybody ` +
		`signs in again. Running it again does the same again. After a failover that lost only the last entries it is not ` +
		`needed: see history_forked in docs/operations.md.`
}

const restoreQuestion = "This is for a database that an older copy was put into. It ends every session of every user and kills every signing key. Type restored: "

// Run makes sure that nobody serves, asks, and starts over.
func (c *postRestoreCmd) Run(ctx context.Context, p process) (err error) {
	release, err := c.holdOff()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if !c.Yes {
		if err := confirm(ctx, p, restoreQuestion, "restored", "nothing was changed"); err != nil {
			return err
		}
	}
	c.patient = true
	return c.with(ctx, func(ctx context.Context, d *desk) error {
		if c.postgres() {
			if err := d.refuseServed(ctx, time.After(watchServers)); err != nil {
				return err
			}
		}
		done, err := d.keys.Restore(ctx, byCommand)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "the feed of revocations has a new name\nsigning keys: %d killed, 2 made\n"+
			"users whose epoch was raised: %d\nclients whose epoch was raised: %d\nsessions ended: %d\npassword resets deleted: %d\n"+
			"authd may be started now; everybody signs in again\n", done.Keys, done.Users, done.Clients, done.Sessions, done.Resets)
		return err
	})
}

// holdOff keeps servers from the data folder of SQLite while this works, and refuses beside one.
func (c *postRestoreCmd) holdOff() (release func() error, err error) {
	if c.postgres() {
		return func() error { return nil }, nil
	}
	if err := c.wantFile(); err != nil {
		return nil, err
	}
	return (dataDir{c.DataDir}).lock()
}

// watchServers is for how long an as_of that may be a server's is watched: a server moves one that is two
// seconds old.
const watchServers = 5 * time.Second

// refuseServed returns an error if a server follows the PostgreSQL, which it shows by moving as_of. A database that was
// just put back has one of long ago, and is not watched at all.
func (d *desk) refuseServed(ctx context.Context, over <-chan time.Time) error {
	first, err := d.store.Follow(ctx, math.MaxInt64, 1)
	if err != nil {
		return err
	}
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for now := first; now.Clock.Sub(now.Head.AsOf) < 2*watchServers; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-over:
			return nil
		case <-again.C:
		}
		if now, err = d.store.Follow(ctx, math.MaxInt64, 1); err != nil {
			return err
		}
		if !now.Head.AsOf.Equal(first.Head.AsOf) {
			return errors.New("an authd serves from this database: stop every instance first, and start them when this is done")
		}
	}
	return nil
}

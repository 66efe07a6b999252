package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/password"
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

// bootPause is how long serve waits before it tries a database again that did not answer: a database
// that comes back is served within two seconds, connection included.
const bootPause = 500 * time.Millisecond

// Run serves until ctx ends or a part fails.
func (c *serveCmd) Run(ctx context.Context, p process) (err error) {
	log := newLogger(p.stderr, c.logSettings)
	workers := runtime.GOMAXPROCS(0) // the cores, or as many as the quota of a container is worth
	runtime.GOMAXPROCS(password.Processors(workers))

	ground, err := c.claim()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ground.release()) }()
	meters := newMeters()
	doors, err := c.listen(ground.adminToken, log, meters)
	if err != nil {
		return err
	}

	// The parts outlive ctx: requests that are being drained still need them. They end when the doors have.
	parts, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	g, parts := errgroup.WithContext(parts)
	g.Go(func() error {
		defer end()
		return doors.run(ctx, parts)
	})
	s, err := c.boot(parts, log, ground.masterKeys, workers, meters)
	if err != nil {
		end()
		return errors.Join(unlessStopped(ctx, err), g.Wait())
	}
	defer func() { err = errors.Join(err, s.store.Close()) }()
	s.meters.watch(s)
	// The audit hears the last of everybody, and needs the store for it.
	endAudit := auditing(ctx, s.writer)
	defer func() { err = errors.Join(err, endAudit()) }()
	// Before the feed was read, nobody is known to be logged in.
	read := s.live.NextPoll()
	g.Go(func() error { return s.live.Run(parts) })
	await(parts, read)
	if err := doors.open(s, c, ground.adminToken, log); err != nil {
		end()
		return errors.Join(err, g.Wait())
	}
	g.Go(func() error { return untilStopped(ctx, parts, s.feed.Run) })
	g.Go(func() error { return s.hasher.Run(parts) })
	g.Go(func() error { return s.headroom.run(parts) })
	g.Go(func() error { return s.sessions.Run(parts) })
	g.Go(func() error { return untilStopped(ctx, parts, s.keyring.Run) })
	g.Go(func() error {
		return (&audit.Collector{Store: s.store, Now: time.Now, Retention: c.AuditRetention}).Run(parts)
	})
	g.Go(func() error { return (&accounts.Collector{Store: s.store, Now: time.Now}).Run(parts) })
	c.announce(p, log, doors, ground.first)
	debug.FreeOSMemory() // what the start needed, and nothing after it does
	releaseText()
	return g.Wait()
}

// unlessStopped drops the error of work that was cut short by a stop that somebody asked for.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || auth.KindOf(err) == auth.Unavailable) {
		return nil
	}
	return err
}

// boot builds the service. A PostgreSQL that cannot be reached is tried again until ctx ends, because
// a restart would not help (G1); whatever else is wrong ends the process with the sentence that repairs
// it. A SQLite file is there or it is not.
func (c *serveCmd) boot(ctx context.Context, log *slog.Logger, keys []auth.Secret, workers int, m *meters) (*service, error) {
	said := ""
	for {
		s, err := c.build(ctx, log, keys, workers, m)
		if err == nil || !c.postgres() || auth.KindOf(err) != auth.Unavailable {
			return s, err
		}
		if text := err.Error(); text != said { // once for each cause, not twice a second
			log.WarnContext(ctx, "the database cannot be reached, trying on", "error", err)
			said = text
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(bootPause):
		}
	}
}

// announce tells where the service listens and, after a first start, what to do with it.
func (c *serveCmd) announce(p process, log *slog.Logger, doors *doors, first bool) {
	kind := "sqlite"
	if c.postgres() {
		kind = "postgres"
	}
	log.Info("serving", "issuer", c.Issuer, "store", kind, "registration", c.Registration)
	if first {
		fmt.Fprint(p.stdout, c.firstSteps(doors.public.listener.Addr(), doors.adminAddr()))
	}
}

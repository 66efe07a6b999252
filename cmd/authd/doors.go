package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/authd/authd/internal/api"
	"github.com/authd/authd/internal/auth"
)

// door is a web server and the listener that it serves.
type door struct {
	*webServer
	listener net.Listener
}

// doors are where users come in and, unless it is off, where operators do.
type doors struct {
	public door
	admin  *door
}

// listen takes both addresses. Until they are opened, the doors answer as [api.NotYet] does.
func (c *serveCmd) listen(adminToken auth.Secret, log *slog.Logger, m *meters) (*doors, error) {
	first, err := api.NotYet(c.Issuer, c.CORSOrigins, log, time.Now, rand.Reader)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, fmt.Errorf("AUTHD_ADDR: %w", err)
	}
	d := &doors{public: door{newWebServer(first, log), listener}}
	most := maxConnections(openFiles())
	d.public.bounds = m.counted(bounds{most: most, each: ofOneAddress(most), shared: c.isProxy}, "public")
	told := []any{"address", listener.Addr().String()}
	switch {
	case c.AdminAddr == "":
		log.Info("the admin listener is off", "because", "AUTHD_ADMIN_ADDR is empty")
	case adminToken.IsZero():
		log.Warn("the admin listener is off", "because", "with PostgreSQL it needs AUTHD_ADMIN_TOKEN or AUTHD_ADMIN_TOKEN_FILE: authd init DIR makes one")
	default:
		listener, err := net.Listen("tcp", c.AdminAddr)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("AUTHD_ADMIN_ADDR, which names another address or, if empty, none: %w", err), d.public.listener.Close())
		}
		firstAdmin, err := api.NotYet(c.Issuer, nil, log, time.Now, rand.Reader)
		if err != nil {
			return nil, errors.Join(err, listener.Close(), d.public.listener.Close())
		}
		d.admin = &door{newWebServer(firstAdmin, log), listener}
		d.admin.quiet = true
		d.admin.bounds = m.counted(bounds{most: min(ofOperators, most)}, "admin")
		told = append(told, "admin_address", listener.Addr().String())
	}
	log.Info("listening", told...)
	return d, nil
}

// isProxy reports whether an address is that of a trusted proxy, from which many clients come.
func (s *listenSettings) isProxy(address netip.Addr) bool {
	return slices.ContainsFunc(s.TrustedProxies, func(prefix netip.Prefix) bool { return prefix.Contains(address) })
}

// run serves both until each has stopped. A listener that fails takes the other with it: half a server
// is one that nobody can watch or nobody can use.
func (d *doors) run(ctx, parts context.Context) error {
	g, parts := errgroup.WithContext(parts)
	g.Go(func() error { return d.public.run(ctx, parts, d.public.listener) })
	if d.admin != nil {
		g.Go(func() error { return d.admin.run(ctx, parts, d.admin.listener) })
	}
	return g.Wait()
}

// open puts the routes on top of the service.
func (d *doors) open(s *service, c *serveCmd, adminToken auth.Secret, log *slog.Logger) error {
	public, err := api.New(api.Config{
		Accounts: countedAccounts{s.accounts, s.meters.logins}, Sessions: s.sessions, Keys: s.keyring, Feed: s.feed,
		Clients: s.accounts, Grants: s.sessions, Proxies: c.TrustedProxies, Origins: c.CORSOrigins, Issuer: c.Issuer, Audience: c.Audience,
		JWKSMaxAge: c.JWKSMaxAge, Contract: contract,
		Ready: s.ready, Draining: d.public.draining.Load,
		Meter: s.meters.api(), Logger: log, Now: time.Now, Random: rand.Reader,
	})
	if err != nil {
		return err
	}
	if d.admin != nil {
		operators, err := api.NewAdmin(api.AdminConfig{
			Token: adminToken, Hosts: c.AdminHosts, Issuer: c.Issuer, Proxies: c.TrustedProxies,
			Users: s.accounts, Clients: s.accounts, Sessions: s.sessions, Keys: s.keyring, Audit: s.store, Record: s.record, Metrics: s.meters,
			Ready: s.ready, Draining: d.public.draining.Load,
			Meter: s.meters.api(), Logger: log, Now: time.Now, Random: rand.Reader,
		})
		if err != nil {
			return err
		}
		d.admin.open(operators)
	}
	d.public.open(public)
	return nil
}

// adminAddr is nil if the admin listener is off.
func (d *doors) adminAddr() net.Addr {
	if d.admin == nil {
		return nil
	}
	return d.admin.listener.Addr()
}

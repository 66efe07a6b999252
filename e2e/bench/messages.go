//go:build linux

package main

import (
	"context"
	"time"

	"github.com/authd/authd/e2e/pgwire"
)

// messages counts what one request costs in messages to PostgreSQL, each of which has to be waited for. It is counted on
// the wire, in turns that are not timed because the one who counts takes part of them.
func (b *bench) messages(ctx context.Context) (each map[string]float64, err error) {
	wire, err := pgwire.Open(b.database.URL())
	if err != nil {
		return nil, err
	}
	defer wire.Close()
	counted := *b.es256
	through, err := wire.URL(b.es256.settings[0][len("AUTHD_DATABASE_URL="):])
	if err != nil {
		return nil, err
	}
	if counted.instance, err = b.serve(ctx, onPostgres(through)...); err != nil {
		return nil, err
	}
	defer b.end(counted.instance)
	each = map[string]float64{}
	idle := perSecond(ctx, wire)
	for _, l := range []*load{
		counted.refreshes("refresh-es256", "", many), counted.logouts("logout", "", many), counted.logins("login", "", few),
	} {
		before := wire.Waited()
		t, err := b.take(ctx, l, 2*time.Second)
		if err != nil {
			return nil, err
		}
		each[l.id] = t.each(float64(wire.Waited()-before) - idle*t.took.Seconds())
	}
	return each, nil
}

// perSecond is how many there are when nobody asks for anything.
func perSecond(ctx context.Context, wire *pgwire.Wire) float64 {
	before := wire.Waited()
	_ = pause(ctx, time.Second) // whoever is cut short is told so by what comes next
	return float64(wire.Waited() - before)
}

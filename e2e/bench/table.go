//go:build linux

package main

import (
	"context"
	"fmt"

	"github.com/authd/authd/e2e/bench/report"
)

const (
	many = 64 // clients of whatever is fast
	few  = 16 // clients who sign in
)

// steady is how many sessions the store has in which rotations alone are measured: the goal for WAL was set at it.
const steady = 100_000

// rounds measures the loads against the yardsticks.
func (b *bench) rounds(ctx context.Context) error {
	if err := b.stockUp(ctx); err != nil {
		return err
	}
	alone, err := b.alone.stored(ctx, "rotate-store", fmt.Sprintf("rotations in the store alone: load, new secrets, swap, one batch of %d after the other", batch))
	if err != nil {
		return err
	}
	p, c := b.plan, &contest{}
	c.add(b.yardstick.load("one-statement", "yardstick: a rotation as one statement through pgx", many), p.turn)
	c.add(b.es256.refreshes("refresh-es256", "POST /refresh, signed ES256", many), p.turn)
	c.add(b.eddsa.refreshes("refresh-eddsa", "POST /refresh, signed EdDSA", many), p.turn)
	c.add(b.onSQLite.refreshes("refresh-sqlite", "POST /refresh on SQLite, signed ES256", many), p.turn)
	c.add(b.es256.logouts("logout", "POST /logout", many), p.turn)
	c.add(b.small.load("one-statement-small", "yardstick: the same among 100,000 sessions", many), p.turn)
	c.add(alone, p.turn)
	c.add(ceiling(cores()), p.slow)
	c.add(b.es256.logins("login", "POST /login", few), p.slow)
	c.add(keySets("bare-chi", "yardstick: a bare chi handler, a body of as many bytes", b.chi, many), p.turn)
	c.add(keySets("jwks", "GET /.well-known/jwks.json", b.es256.instance, many), p.turn)
	if err := b.run(ctx, c, p.rounds, func(round int) { b.say("round %d of %d", round+1, p.rounds) }); err != nil {
		return err
	}
	messages, err := b.messages(ctx)
	if err != nil {
		return err
	}
	c.tell(b.found, messages)
	rows := []report.Row{
		atLeast("refresh-es256", "refresh over HTTP, 64 clients, signed ES256 / one-statement rotation", 1.1, "0.04", c.ratio("refresh-es256", "one-statement")),
		atLeast("refresh-eddsa", "refresh over HTTP, 64 clients, signed EdDSA / one-statement rotation", 1.25, "0.04", c.ratio("refresh-eddsa", "one-statement")),
		atLeast("rotate-store", fmt.Sprintf("rotations in the store alone, in batches of %d / one-statement rotation", batch), 2, "", c.ratio("rotate-store", "one-statement-small")),
		atMost("rotate-wal", "WAL of a rotation in the store", "B", 600, "2,700", c.spread("rotate-store", func(t *turn) float64 { return t.each(float64(t.cpu.wal)) })),
		atLeast("login", "logins at 16 clients / bcrypt ceiling", 0.95, "0.82-0.88", c.ratio("login", "bcrypt")),
		atLeast("logout", "logout over HTTP, 64 clients / one-statement rotation", 1, "0.09", c.ratio("logout", "one-statement")),
		atLeast("jwks", "JWKS / bare chi handler", 0.95, "0.31", c.ratio("jwks", "bare-chi")),
		atLeast("sqlite", "refresh on SQLite / refresh on PostgreSQL", 0.8, "", c.ratio("refresh-sqlite", "refresh-es256")),
	}
	explain(rows, b.found.Loads, cores())
	b.found.Rows = append(b.found.Rows, rows...)
	return nil
}

// stockUp brings every store to the size at which it is measured.
func (b *bench) stockUp(ctx context.Context) (err error) {
	n := b.plan.growth[len(b.plan.growth)-1]
	b.say("%d sessions in each store", n)
	if err := b.fill(ctx, n); err != nil {
		return err
	}
	for _, s := range []*stock{b.eddsa, b.onSQLite} {
		if err := s.grow(ctx, n); err != nil {
			return err
		}
		if s.instance == nil {
			if s.instance, err = b.serve(ctx, s.settings...); err != nil {
				return err
			}
		}
	}
	if err := b.alone.grow(ctx, steady); err != nil {
		return err
	}
	if b.small == nil {
		if b.small, err = b.openOneStatement(ctx, "small"); err != nil {
			return err
		}
	}
	if err := b.small.grow(ctx, steady); err != nil {
		return err
	}
	if err := b.es256.add(ctx, &b.es256.leaving, b.plan.logouts); err != nil {
		return err
	}
	return b.es256.invite(ctx)
}

func atLeast(id, what string, goal float64, peer string, got report.Spread) report.Row {
	return report.Row{ID: id, What: what, AtLeast: true, Goal: goal, Peer: peer, Got: got}
}

func atMost(id, what, unit string, goal float64, peer string, got report.Spread) report.Row {
	return report.Row{ID: id, What: what, Unit: unit, Goal: goal, Peer: peer, Got: got}
}

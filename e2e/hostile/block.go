//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// workers is how many requests are under way at once: enough to find what only happens between two, and so few that
// authd, which shares the machine with them, is not asked for more than it can do.
const workers = 6

// block sends the requests of one block and returns when all are answered.
func (p *part) block(ctx context.Context, first uint64, count int) error {
	var next atomic.Uint64
	next.Store(first)
	g, ctx := errgroup.WithContext(ctx)
	for range workers {
		g.Go(func() error {
			public, private := &conn{from: attackers, to: p.cast.public}, &conn{from: attackers, to: p.cast.private}
			defer public.close()
			defer private.close()
			for ctx.Err() == nil && p.result.failed() < mostFaults {
				number := next.Add(1) - 1
				if number >= first+uint64(count) {
					return nil
				}
				to := public
				r := p.make.make(number, p.cast)
				if r.op.admin {
					to = private
				}
				if err := p.try(ctx, to, r); err != nil {
					return err
				}
			}
			return ctx.Err()
		})
	}
	return g.Wait()
}

// try sends one request and judges what comes back. An error is one of the attack itself.
func (p *part) try(ctx context.Context, c *conn, r *request) error {
	answers, err := c.send(r)
	var faults []string
	switch {
	case err == nil:
		faults = p.oracle.faults(r, answers)
	case r.long() && errors.Is(err, errCut): // it was cut before the answer could be read, as announced
	default:
		faults = []string{err.Error()}
		if gone := p.server.gone(); gone != nil {
			faults = append(faults, gone.Error())
		}
	}
	p.result.count(r, answers)
	for _, a := range answers {
		if err := p.settle(ctx, r, a); err != nil {
			return err
		}
	}
	if len(faults) > 0 {
		p.result.fail("%q\n%s\nreplay: go -C e2e run ./hostile -seed %d -store %s -throttled=%t -only %d",
			faults, shown(r, answers), p.make.seed, p.store, p.throttled, r.number)
	} else if p.shown {
		fmt.Fprintln(p.out, shown(r, answers))
	}
	return nil
}

func shown(r *request, answers []answer) string {
	text := r.String()
	for _, a := range answers {
		text += fmt.Sprintf("\nanswered %d %v %q", a.status, a.header, clip(a.body, 1000))
	}
	return text
}

// settle notes what an answer admits to have done, and gives an insider who lost an account another.
func (p *part) settle(ctx context.Context, r *request, a answer) error {
	if r.raw != nil || !succeeded(r, a) {
		return nil
	}
	p.ledger.admit(r.owners...)
	var body struct {
		ID string `json:"id"`
		pair
	}
	_ = json.Unmarshal(a.body, &body) // not all have one
	if a.status == 201 && body.ID != "" && (r.insiders || r.op.id == "register") {
		p.ledger.admit(body.ID)
	}
	at := slices.IndexFunc(p.cast.insiders, func(s *slot) bool { return s.Load() == r.account })
	if at < 0 || !slices.Contains(r.owners, r.account.id) {
		return nil
	}
	slot := p.cast.insiders[at]
	if r.op.media != "" && body.Refresh != "" && body.Session == r.account.session {
		if next, err := r.account.with(body.pair); err == nil {
			slot.CompareAndSwap(r.account, next)
		}
		return nil
	}
	if slices.Contains(cheap, r.op.id) && a.status < 300 || r.op.id == "login" {
		return nil
	}
	next, err := p.desk.insider(ctx)
	if err != nil {
		return err
	}
	p.ledger.admit(next.id, next.session)
	slot.CompareAndSwap(r.account, next)
	return nil
}

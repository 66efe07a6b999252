package accounts

import (
	"context"
	"net/netip"

	"github.com/authd/authd/internal/auth"
)

// swapAttempts is how often a counter may change under somebody who writes it. Failures come no faster than
// passwords are compared, so this is never reached by chance.
const swapAttempts = 100

// edit is a change of one counter: what to make of it as it is, and whether to write that at all.
type edit struct {
	at   *turnstile
	next func(Counter) (Counter, bool)
}

// claim counts the attempt as failed before it is compared. It reports whether it was the first to do so
// since the counter was read: of all instances together one is.
func (p *pass) claim(ctx context.Context) (won bool, err error) {
	ctx, cancel := detached(ctx)
	defer cancel()
	t, claimed := p.account(), p.limits.failed(p.seen, p.time())
	swapped, err := p.gate.store.SwapCounters(ctx, []Counter{claimed})
	if err != nil {
		return false, err
	}
	if !swapped[0] {
		return false, p.gate.reread(ctx, t)
	}
	claimed.Version++
	p.before, p.seen, p.claimed = p.seen, claimed, true
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	t.learn(claimed)
	t.tell() // who waits for this one to end would only be refused then: now will do
	return true, nil
}

// settle stores what became of the attempt, and ends it. An error means that a failure could not be
// counted: who gets an answer nevertheless could guess without end while the store takes no writes. The
// first call counts.
func (p *pass) settle(ctx context.Context, o outcome) error {
	if p.over {
		return nil
	}
	p.over = true
	defer p.leave() // after the failure is stored: whoever waits for its place comes under it
	ctx, cancel := detached(ctx)
	defer cancel()
	switch o {
	case wrong:
		return p.gate.write(ctx, p.failures())
	case right:
		return p.gate.write(ctx, p.clearing())
	default:
		return p.gate.write(ctx, p.givingBack())
	}
}

// failures counts at the account, unless the claim did, and at the source.
func (p *pass) failures() (edits []edit) {
	clock := p.time()
	if t := p.account(); t != nil && !p.claimed {
		edits = append(edits, edit{t, func(c Counter) (Counter, bool) { return p.limits.failed(c, clock), true }})
	}
	if p.source != nil {
		edits = append(edits, edit{p.source, func(c Counter) (Counter, bool) { return p.limits.poured(c, clock), true }})
	}
	return edits
}

// clearing makes good the failures that the success came under. If there were none, nothing is written;
// if another success was first, they are made good already.
func (p *pass) clearing() []edit {
	t := p.account()
	if t == nil || p.seen.Failures == 0 {
		return nil
	}
	return []edit{{t, func(c Counter) (Counter, bool) { return cleared(c, p.seen), c.Failures >= p.seen.Failures }}}
}

// givingBack undoes a claim that nothing was compared for, or whoever fills the queue of the hasher would
// lock everybody out.
func (p *pass) givingBack() []edit {
	if !p.claimed {
		return nil
	}
	return []edit{{p.account(), func(c Counter) (Counter, bool) {
		before := p.before
		before.Version = c.Version
		return before, c.Version == p.seen.Version
	}}}
}

// write stores edits by one statement, and those that another was faster than once more.
func (g *gate) write(ctx context.Context, edits []edit) error {
	for range swapAttempts {
		needed, rows := g.rows(edits)
		if len(rows) == 0 {
			return nil
		}
		swapped, err := g.store.SwapCounters(ctx, rows)
		if err != nil {
			return err
		}
		if edits, err = g.lost(ctx, needed, rows, swapped); err != nil {
			return err
		}
	}
	return auth.ErrUnavailable
}

// rows are what edits make of the counters as they are.
func (g *gate) rows(edits []edit) (left []edit, rows []Counter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range edits {
		if row, needed := e.next(e.at.counter); needed {
			left, rows = append(left, e), append(rows, row)
		}
	}
	return left, rows
}

// lost takes in what was written and returns the edits that were not, with their counters as they are now.
func (g *gate) lost(ctx context.Context, edits []edit, rows []Counter, swapped []bool) (lost []edit, err error) {
	for i, e := range edits {
		row := rows[i]
		g.mu.Lock()
		behind := e.at.counter.Version > row.Version // another attempt of this instance was faster
		if swapped[i] {
			row.Version++
			e.at.learn(row)
			e.at.tell()
		}
		g.mu.Unlock()
		if swapped[i] {
			continue
		}
		lost = append(lost, e)
		if !behind {
			if err := g.reread(ctx, e.at); err != nil {
				return nil, err
			}
		}
	}
	return lost, nil
}

// reread reads a counter that is not as it was thought to be. What was known when the reading began is
// replaced, whatever it was: the row may have been deleted. What was learned meanwhile is newer.
func (g *gate) reread(ctx context.Context, t *turnstile) error {
	g.mu.Lock()
	known := t.counter.Version
	g.mu.Unlock()
	counters, _, _, err := g.store.Counters(ctx, []CounterKey{t.key}, auth.UserID{}, netip.Prefix{})
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.counter.Version == known {
		t.counter = counters[0]
	}
	t.learn(counters[0])
	t.tell()
	return nil
}

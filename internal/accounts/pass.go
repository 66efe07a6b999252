package accounts

import (
	"context"
	"net/netip"
	"time"

	"github.com/authd/authd/internal/auth"
)

// pass is one attempt on its way through the gate. One goroutine owns it.
type pass struct {
	gate   *gate
	limits Limits // zero: nothing is limited, and nothing done

	strangers, own, source *turnstile // nil: not limited
	known                  bool       // the address is one of the account's own

	clock, began time.Time // by the store's clock and, a moment later, by the process's
	admitted     bool      // it has its place in flight
	before       Counter   // the account's, as the claim found it
	seen         Counter   // the account's, as the attempt came under it, claim included
	claimed      bool
	over         bool
}

// outcome is what became of an attempt.
type outcome int

const (
	unheard outcome = iota // nothing was compared
	wrong
	right
)

// register takes the turnstiles that matter into use.
func (p *pass) register(strangers, own, source CounterKey) {
	if p.limits.Account > 0 {
		p.strangers = p.gate.hold(strangers)
		if own != strangers {
			p.own = p.gate.hold(own)
		}
	}
	if p.limits.Source > 0 {
		p.source = p.gate.hold(source)
	}
}

func (p *pass) turnstiles() (held []*turnstile) {
	for _, t := range []*turnstile{p.strangers, p.own, p.source} {
		if t != nil {
			held = append(held, t)
		}
	}
	return held
}

// account is the turnstile that the attempt comes under. An address from which the account was used has
// a counter of its own, or strangers could lock the owner out by guessing.
func (p *pass) account() *turnstile {
	if p.known && p.own != nil {
		return p.own
	}
	return p.strangers
}

// read reads the counters and whether the address is known to the user.
func (p *pass) read(ctx context.Context, user auth.UserID, network netip.Prefix) error {
	held := p.turnstiles()
	keys := make([]CounterKey, len(held))
	for i, t := range held {
		keys[i] = t.key
	}
	counters, opened, clock, err := p.gate.store.Counters(ctx, keys, user, network)
	if err != nil {
		return err
	}
	p.clock, p.began = clock, p.gate.now() // in this order: it must not run ahead of the store's
	p.known = !opened.IsZero() && clock.Sub(opened) < knownFor
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	for i, t := range held {
		t.learn(counters[i])
	}
	return nil
}

// time is the store's clock, as far as it has come since it was read.
func (p *pass) time() time.Time {
	return p.clock.Add(max(0, p.gate.now().Sub(p.began))).Truncate(time.Microsecond)
}

// admit waits until the counters have room for the attempt, or refuses it. It is decided anew whenever
// another one ends: a correct password in company is not refused, and a wrong one comes under the
// failures that were counted meanwhile.
func (p *pass) admit(ctx context.Context) error {
	for {
		account, crowd, err := p.decide()
		switch {
		case err != nil:
			return err
		case crowd != nil:
			if err := p.gate.wait(ctx, crowd); err != nil {
				return err
			}
			continue
		case !account.claim:
			return nil
		}
		if won, err := p.claim(ctx); err != nil || won {
			return err
		}
		p.land() // another instance was first: under its claim this one is decided again
	}
}

// decide takes a place in flight if there is one. If others must end first, it returns the turnstile to
// wait at with the gate's mutex held.
func (p *pass) decide() (account verdict, crowd *turnstile, err error) {
	p.gate.mu.Lock()
	clock, source := p.time(), verdict{room: unlimited}
	account = verdict{room: unlimited}
	if t := p.account(); t != nil {
		account = p.limits.account(t.counter, clock)
		p.seen = t.counter
	}
	// Whoever shares the address with a guesser must not be locked out by him.
	if p.source != nil && !p.known {
		source = p.limits.source(p.source.counter, clock)
	}
	if err := p.limits.refuse(account, source); err != nil {
		p.gate.mu.Unlock()
		return account, nil, err
	}
	if p.account().crowded(account) {
		return account, p.account(), nil
	}
	if p.source.crowded(source) {
		return account, p.source, nil
	}
	p.fly(1)
	p.gate.mu.Unlock()
	return account, nil, nil
}

// fly adds to what is in flight. The gate's mutex is held.
func (p *pass) fly(change int) {
	p.admitted = change > 0
	for _, t := range []*turnstile{p.account(), p.source} {
		if t != nil {
			t.inFlight += change
			t.tell()
		}
	}
}

// land gives the place in flight back.
func (p *pass) land() {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	if p.admitted {
		p.fly(-1)
	}
}

// leave ends the attempt on this instance.
func (p *pass) leave() {
	p.land()
	for _, t := range p.turnstiles() {
		p.gate.let(t)
	}
	p.strangers, p.own, p.source = nil, nil, nil
}

package accounts

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// gate stands before everything that compares a password, so that whoever guesses is counted, whatever the
// route and the instance.
type gate struct {
	limits Limits
	store  CounterStore
	key    func() ([]byte, error) // of the HMACs; not asked while nothing is limited
	now    func() time.Time       // for how long something took, never for when it was

	mu         sync.Mutex // guards what follows, and every turnstile
	turnstiles map[CounterKey]*turnstile
	waiting    int
}

// guess is who wants a password compared.
type guess struct {
	name string      // mapped; empty: it cannot be
	text string      // the name as typed
	user auth.UserID // zero: nobody has the name
	from netip.Addr
}

// hashed is the key of a counter's half. What it is of may be a password in the wrong field.
func hashed(key []byte, kind, text string) (half [16]byte) {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(kind + "\x00" + text))
	copy(half[:], mac.Sum(nil))
	return half
}

// account is the half that all spellings of a name share (E14). A name that cannot be mapped is nobody's,
// and counted as it was typed, or it would be told apart by never being refused.
func (g *guess) account(key []byte) [16]byte {
	if g.name == "" {
		return hashed(key, "typed", g.text)
	}
	return hashed(key, "name", g.name)
}

// enter lets one attempt through, or refuses it: [ErrTooManyAttempts]. It may wait for others, as long as
// ctx lasts. Who was let through must settle.
func (g *gate) enter(ctx context.Context, who guess) (*pass, error) {
	network := tokens.Network(who.from)
	limited := g.limits
	if !network.IsValid() {
		limited.Source = 0 // a Unix socket: everybody comes from there
	}
	p := &pass{gate: g, limits: limited}
	if limited == (Limits{}) {
		return p, nil
	}
	key, err := g.key()
	if err != nil {
		return nil, err
	}
	var account, source [16]byte
	if account = who.account(key); network.IsValid() {
		source = hashed(key, "network", network.String())
	}
	p.register(CounterKey{account, [16]byte{}}, CounterKey{account, source}, CounterKey{[16]byte{}, source})
	if err := p.read(ctx, who.user, network); err != nil {
		p.leave()
		return nil, err
	}
	if err := p.admit(ctx); err != nil {
		p.leave()
		return nil, err
	}
	return p, nil
}

// count counts something at its source that is no comparison, or refuses it: [ErrTooManyAttempts].
func (g *gate) count(ctx context.Context, from netip.Addr) error {
	network := tokens.Network(from)
	if g.limits.Source == 0 || !network.IsValid() {
		return nil
	}
	key, err := g.key()
	if err != nil {
		return err
	}
	p := &pass{gate: g, limits: Limits{Source: g.limits.Source}}
	p.register(CounterKey{}, CounterKey{}, CounterKey{[16]byte{}, hashed(key, "network", network.String())})
	defer p.leave()
	if err := p.read(ctx, auth.UserID{}, netip.Prefix{}); err != nil {
		return err
	}
	if err := p.admit(ctx); err != nil {
		return err
	}
	return p.settle(ctx, wrong)
}

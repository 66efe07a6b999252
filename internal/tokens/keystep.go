package tokens

import "time"

// settleTime is how long what was written waits before it is acted upon: a new version of a secret, the
// beginning of a key's turn. By then every instance that may still sign has read it, because one that
// has not read the keyring for as long signs nothing.
const settleTime = 30 * time.Second

// maxSpares bounds the keys that wait in the key set when keys turn faster than caches forget.
const maxSpares = 16

// maxPublished bounds the key set. Verifiers bound what they take of one, ours to 64 keys, and refuse it
// whole beyond that. Where tokens live long and keys turn fast, turns wait for retired keys to go.
const maxPublished = 64

// leadTime is how long a key is published before it signs. A cache may hold a key set for twice its
// max-age, because another one may stand before it; the rest is for instances that publish it late.
func leadTime(jwksMaxAge time.Duration) time.Duration { return 2*jwksMaxAge + settleTime }

// MinRotation is the shortest rotation that can be kept up with a key set of this max-age, in whole
// seconds: below it more spares would have to be published than [maxSpares] leaves room for.
func MinRotation(jwksMaxAge time.Duration) time.Duration {
	return (leadTime(jwksMaxAge)/8 + time.Second - 1).Truncate(time.Second)
}

// keyClocks are the times that a decision about keys goes by.
type keyClocks struct {
	store time.Time
	// process is the clock of who decides. A key is deleted only when it is past by both: one clock that
	// is an hour ahead must not delete what signed a token a minute ago.
	process time.Time
}

// keyStep is what is to be done with a set of keys, all at once.
type keyStep struct {
	start []KeyStart
	kill  []KeyKill
	make  int // keys to be made
	// first says that the first of those made signs at once, because there is no other that could.
	first bool
	drop  []string // kids whose private half is deleted
}

// keyPlan is a step in the making.
type keyPlan struct {
	rows     *KeyringRows
	lives    *keyLives
	clocks   keyClocks
	rotation time.Duration // zero: keys turn only when they are told to
	step     keyStep
}

func newKeyPlan(rows *KeyringRows, clocks keyClocks, rotation time.Duration) *keyPlan {
	return &keyPlan{rows: rows, lives: livesOf(rows), clocks: clocks, rotation: rotation}
}

// nextStep decides what is to be done now, without anybody asking for it. It is pure, and asked again
// when somebody else was faster.
//
// Nothing turns because two instances are configured differently: the pace is counted from the last
// turn, whoever began it, so of two rotations the shorter one holds; spares that one makes are never too
// many for the other; and the algorithm is asked of keys that are made, never of those that are there.
func nextStep(rows *KeyringRows, clocks keyClocks, rotation time.Duration) keyStep {
	p := newKeyPlan(rows, clocks, rotation)
	if p.lives.active(clocks.store) == nil {
		p.replace()
	} else if p.due() {
		p.turn()
	}
	p.fill()
	p.clear()
	return p.step
}

// turnStep decides what follows when somebody asks for the next key. Nothing, if a turn is to come
// already: asking twice must not turn twice.
func turnStep(rows *KeyringRows, clocks keyClocks, rotation time.Duration) keyStep {
	p := newKeyPlan(rows, clocks, rotation)
	switch {
	case p.lives.active(clocks.store) == nil:
		p.replace()
	case p.lives.pending(clocks.store) == nil:
		p.turn()
	}
	p.fill()
	return p.step
}

// killStep decides what follows when a key is to be killed; false if there is no such key. Of one that
// was killed before nothing follows.
func killStep(rows *KeyringRows, clocks keyClocks, rotation time.Duration, kid string) (step keyStep, found bool) {
	after := *rows
	after.Keys = append([]PublishedKey(nil), rows.Keys...)
	for i := range after.Keys {
		key := &after.Keys[i]
		if key.KID != kid {
			continue
		}
		if !key.KilledAt.IsZero() {
			return step, true
		}
		key.KilledAt = clocks.store
		step = nextStep(&after, clocks, rotation)
		step.kill = []KeyKill{{KID: kid, At: clocks.store}}
		return step, true
	}
	return step, false
}

// isEmpty reports whether there is nothing to be done.
func (s *keyStep) isEmpty() bool {
	return len(s.start)+len(s.kill)+len(s.drop)+s.make == 0
}

// replace has a key sign at once, because none does: the first of a store, or the one whose turn it was
// is dead. Of those that wait the oldest is known to the most caches.
func (p *keyPlan) replace() {
	spare := p.lives.first(func(k *keyLife) bool { return k.waits(p.clocks.store) })
	if spare == nil {
		p.step.make, p.step.first = 1, true
		return
	}
	p.begin(spare, p.clocks.store)
}

// due reports whether the next turn must be settled now, to come in time.
func (p *keyPlan) due() bool {
	last, any := p.lives.lastTurn()
	return p.rotation > 0 && any && !last.Add(p.rotation).After(p.clocks.store.Add(settleTime))
}

// turn settles the turn of the oldest spare, if there is one, and room for the spare that follows it.
func (p *keyPlan) turn() {
	spare := p.lives.first((*keyLife).spare)
	if spare == nil || p.lives.room() <= 0 {
		return
	}
	known := spare.CreatedAt.Add(leadTime(p.rows.JWKSMaxAge))
	p.begin(spare, later(known, p.clocks.store.Add(settleTime)))
}

func (p *keyPlan) begin(key *keyLife, at time.Time) {
	key.SignsFrom = at
	p.step.start = append(p.step.start, KeyStart{KID: key.KID, SignsFrom: at})
}

// fill makes the spares that are missing, as far as there is room for them. One there always is: a kill
// must find it.
func (p *keyPlan) fill() {
	there := p.lives.count((*keyLife).spare)
	wanted := min(p.spares(), there+p.lives.room()-p.step.make)
	p.step.make += max(0, max(1, wanted)-there)
}

// spares is how many keys wait: one, unless keys turn so fast that one made at a turn would not be known
// to every cache by the next.
func (p *keyPlan) spares() int {
	lead := leadTime(p.rows.JWKSMaxAge)
	if p.rotation <= 0 || p.rotation >= lead {
		return 1
	}
	return min(maxSpares, int((lead+p.rotation-1)/p.rotation)+1)
}

// clear deletes the private halves of keys whose last token is dead by both clocks.
func (p *keyPlan) clear() {
	now := p.clocks.store
	if p.clocks.process.Before(now) {
		now = p.clocks.process
	}
	for i := range p.lives.keys {
		key := &p.lives.keys[i]
		if goes := key.goesAt(p.rows.MaxTTL); key.published() && !goes.IsZero() && goes.Before(now) {
			p.step.drop = append(p.step.drop, key.KID)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

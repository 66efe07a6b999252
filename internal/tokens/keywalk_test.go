package tokens

import (
	"context"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A walk is any number of instances on one store for some minutes: time passes, keys are turned and
// killed by hand, instances come and go, are configured differently, and are cut off from the store.
//
// It proves, by looking every second:
//   - nothing is signed by a key that a cache cannot know, which holds what it was served for up to twice
//     its max-age. The key that takes a killed one's place is exempt (D1);
//   - every token can be verified until it is dead, unless its key was killed (D2);
//   - there are never fewer than two keys in a key set;
//   - instances that are configured differently do not turn each other's keys: there are no more turns
//     than the shortest rotation allows;
//   - keys do turn, and retired ones go.
type walk struct {
	*rapid.T
	store     *walkStore
	now       time.Time
	instances []*walker

	caches  []cached
	expires map[string]time.Time // :: kid → when the last token that it signed is dead
	exempt  map[string]bool      // kids that took the place of a killed one
	began   time.Time
	fastest time.Duration // the shortest rotation that was ever configured
	byHand  int           // turns that were asked for, and kills
}

// walker is one instance.
type walker struct {
	*Keyring
	line    *walkLine
	current time.Time // when it knew the newest state of the keyring
	skew    time.Duration
	delay   bool // it reads the keyring late
}

// cached is a key set that somebody holds.
type cached struct {
	kids  map[string]bool
	until time.Time
}

func newWalk(t *rapid.T) *walk {
	w := &walk{T: t, now: noon, began: noon, expires: make(map[string]time.Time), exempt: make(map[string]bool), fastest: time.Hour}
	w.store = &walkStore{clock: func() time.Time { return w.now }}
	w.enter()
	w.enter()
	return w
}

// enter starts one more instance, with a configuration of its own.
func (w *walk) enter() {
	i := &walker{line: &walkLine{store: w.store}, current: w.now,
		skew: time.Duration(rapid.IntRange(-5, 5).Draw(w.T, "skew")) * time.Second}
	maxAge := time.Duration(rapid.SampledFrom([]int{1, 1, 5, 20}).Draw(w.T, "max-age")) * time.Second
	rotation := MinRotation(maxAge) * time.Duration(rapid.SampledFrom([]int{1, 1, 2, 5, 20}).Draw(w.T, "rotation"))
	keyring, err := OpenKeyring(context.Background(), KeyringConfig{
		Store: i.line, MasterKeys: [][]byte{master(1)}, Alg: rapid.SampledFrom([]Alg{ES256, EdDSA}).Draw(w.T, "alg"),
		AccessTTL: time.Duration(rapid.IntRange(1, 60).Draw(w.T, "ttl")) * time.Second, JWKSMaxAge: maxAge, Rotation: rotation,
		Random: rand.Reader, Now: func() time.Time { return w.now.Add(i.skew) },
	})
	if err != nil {
		w.Fatalf("start: %v", err)
	}
	i.Keyring, w.fastest = keyring, min(w.fastest, rotation)
	w.instances = append(w.instances, i)
}

// someone is an instance that is not cut off; false if there is none.
func (w *walk) someone() (*walker, bool) {
	var up []*walker
	for _, i := range w.instances {
		if !i.line.cut.Load() {
			up = append(up, i)
		}
	}
	if len(up) == 0 {
		return nil, false
	}
	return rapid.SampledFrom(up).Draw(w.T, "who"), true
}

// pass lets time pass, a second at a time.
func (w *walk) pass(seconds int) {
	for range seconds {
		w.now = w.now.Add(time.Second)
		for _, i := range w.instances {
			w.live(i)
		}
		w.look()
	}
}

// live is what an instance does in a second: follow the store, turn keys, publish and sign.
func (w *walk) live(i *walker) {
	if !i.line.cut.Load() && !i.delay {
		if err := i.Renew(context.Background(), w.store.rows.FeedID, w.store.rows.Version); err != nil {
			w.Fatalf("renew: %v", err)
		}
		i.current = w.now
	}
	_ = i.turnOnce(context.Background())
	if w.now.Sub(i.current) > settleTime { // as the follower of the feed says
		return
	}
	w.publish(i)
	w.sign(i)
}

// publish has a cache take what an instance serves.
func (w *walk) publish(i *walker) {
	kids := make(map[string]bool)
	for _, key := range i.ring.Load().keys {
		kids[key.kid] = true
	}
	if len(kids) < 2 {
		w.Fatalf("%v: a key set of %d keys is published", w.at(), len(kids))
	}
	w.caches = append(w.caches, cached{kids, w.now.Add(2 * i.maxAge)})
}

func (w *walk) sign(i *walker) {
	key := i.ring.Load().active(w.now)
	if key == nil {
		w.Fatalf("%v: no key signs", w.at())
	}
	w.caches = slices.DeleteFunc(w.caches, func(c cached) bool { return !c.until.After(w.now) })
	for _, c := range w.caches {
		if !c.kids[key.kid] && !w.exempt[key.kid] && !w.killed(key.kid) {
			w.Fatalf("%v: key %d signs, and a cache that is good for %v does not know it", w.at(), key.slot, c.until.Sub(w.now))
		}
	}
	if dead := w.now.Add(i.maxTTL + leeway); dead.After(w.expires[key.kid]) {
		w.expires[key.kid] = dead
	}
}

func (w *walk) killed(kid string) bool {
	return slices.ContainsFunc(w.store.rows.Keys, func(k PublishedKey) bool { return k.KID == kid && !k.KilledAt.IsZero() })
}

func (w *walk) at() time.Duration { return w.now.Sub(w.began) }

// look checks what is stored.
func (w *walk) look() {
	lives := livesOf(&w.store.rows)
	if n := lives.count((*keyLife).published); n < 2 {
		w.Fatalf("%v: %d keys are published", w.at(), n)
	}
	for i := range lives.keys {
		key := &lives.keys[i]
		if w.expires[key.KID].After(w.now) && !key.published() && key.KilledAt.IsZero() {
			w.Fatalf("%v: key %d is not published, and a token of it lives for %v", w.at(), key.Slot, w.expires[key.KID].Sub(w.now))
		}
	}
	turns := w.turns()
	if most := 2 + w.byHand + int(w.at()/w.fastest); turns > most {
		w.Fatalf("%v: there were %d turns, and %d by hand: want at most %d with %v as the shortest rotation", w.at(), turns, w.byHand, most, w.fastest)
	}
}

// turns is how many there were.
func (w *walk) turns() (n int) {
	for _, key := range livesOf(&w.store.rows).turns {
		if !key.SignsFrom.After(w.now) {
			n++
		}
	}
	return n
}

// kept reports whether a rotation can be kept up with, whatever max-age others have served before.
func (w *walk) kept(rotation time.Duration) bool {
	return rotation >= MinRotation(w.store.rows.JWKSMaxAge)
}

// turn and kill are an operator's.
func (w *walk) turn() {
	if i, ok := w.someone(); ok {
		w.byHand++
		if _, err := i.Rotate(context.Background(), Origin{}); err != nil {
			w.Fatalf("rotate: %v", err)
		}
	}
}

func (w *walk) kill() {
	i, ok := w.someone()
	if !ok {
		return
	}
	w.byHand += 2 // the one that takes its place, and perhaps one that was due
	key := rapid.SampledFrom(w.store.rows.Keys).Draw(w.T, "key")
	before := len(w.store.changes)
	if err := i.Kill(context.Background(), key.KID, Origin{}); err != nil {
		w.Fatalf("kill: %v", err)
	}
	for _, c := range w.store.changes[before:] {
		for _, start := range c.change.Start {
			w.exempt[start.KID] = w.exempt[start.KID] || !start.SignsFrom.After(c.before.Clock)
		}
		for _, key := range c.change.Keys {
			w.exempt[key.KID] = !key.SignsFrom.IsZero()
		}
	}
}

// step does one thing at random.
func (w *walk) step() {
	i := rapid.SampledFrom(w.instances).Draw(w.T, "instance")
	switch rapid.SampledFrom([]string{"pass", "pass", "pass", "turn", "kill", "enter", "leave", "cut", "late", "race"}).Draw(w.T, "what") {
	case "pass":
		w.pass(rapid.IntRange(1, 60).Draw(w.T, "seconds"))
	case "turn":
		w.turn()
	case "kill":
		w.kill()
	case "enter": // a deploy, as often as not
		if len(w.instances) < 3 {
			w.enter()
		}
	case "leave":
		if len(w.instances) > 1 {
			w.instances = slices.DeleteFunc(w.instances, func(other *walker) bool { return other == i })
		}
	case "cut": // and so on until the next time
		i.line.cut.Store(!i.line.cut.Load())
	case "late": // the store is reached, and the keyring is not read
		i.delay = !i.delay
	case "race": // others go on while this one changes something
		i.line.before = func() { w.pass(rapid.IntRange(1, 4).Draw(w.T, "seconds")) }
	}
}

// rest lets everybody do as they like for so long that keys must turn, and go.
func (w *walk) rest() {
	for _, i := range w.instances {
		i.line.cut.Store(false)
		i.delay, i.line.before = false, nil
	}
	fastest := w.instances[0].rotation
	for _, i := range w.instances {
		fastest = min(fastest, i.rotation)
	}
	last, _ := livesOf(&w.store.rows).lastTurn()
	w.pass(int((max(0, last.Sub(w.now)) + fastest + leadTime(w.store.rows.JWKSMaxAge) + 5*time.Second) / time.Second))
	lives := livesOf(&w.store.rows)
	if key := lives.active(w.now); key == nil || !key.SignsFrom.After(last) {
		w.Fatalf("%v: no key has begun to sign since %v", w.at(), last.Sub(w.began))
	}
	// Each second that it takes to see that something is due makes a turn as much later.
	const some = 5
	before := w.turns()
	w.pass(some * int((fastest+2*time.Second)/time.Second))
	if got := w.turns() - before; w.kept(fastest) && got < some {
		w.Fatalf("%v: there were %d turns in the time of %d, with a rotation of %v", w.at(), got, some, fastest)
	}
	lives = livesOf(&w.store.rows)
	for i := range lives.keys {
		key := &lives.keys[i]
		if goes := key.goesAt(w.store.rows.MaxTTL); key.published() && !goes.IsZero() && goes.Before(w.now.Add(-8*time.Second)) {
			w.Fatalf("%v: key %d is published still, and was to go at %v", w.at(), key.Slot, goes.Sub(w.began))
		}
	}
}

func TestWhateverHappensKeysAreKnownBeforeTheySignAndAsLongAsTheirTokensLive(t *testing.T) { // D1, D2, D4, D5, D13
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWalk(t)
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			w.step()
		}
		w.rest()
	})
}

package tokens

import (
	"cmp"
	"slices"
	"time"
)

// KeyState is where a signing key is in its life.
type KeyState string

const (
	KeyNext    KeyState = "next"    // published, so that caches learn of it; not signing yet
	KeyActive  KeyState = "active"  // signs
	KeyRetired KeyState = "retired" // published until the last token that it signed is dead
	KeyGone    KeyState = "gone"    // a tombstone: retired, and its private half was deleted
	KeyKilled  KeyState = "killed"  // a tombstone: whatever it signed is dead
)

// KeyInfo describes a signing key. Times that are not settled, or will not come, are zero.
type KeyInfo struct {
	KID, Alg  string
	Slot      int64
	State     KeyState
	CreatedAt time.Time
	SignsFrom time.Time
	RetiredAt time.Time // when the next one began, or will begin, to sign
	GoesAt    time.Time // when it leaves the key set
	KilledAt  time.Time
}

// afterLast is what a retired key stays beyond the longest lifetime: the leeway that verifiers may allow,
// and a margin for an instance that heard late of its successor.
const afterLast = 60*time.Second + 60*time.Second

// keyLife is a key with what follows from the rows beside it.
type keyLife struct {
	PublishedKey
	held      bool      // its private half is there
	retiredAt time.Time // the start of the one after it; zero: none is settled
}

// published reports whether verifiers are to believe the key.
func (k *keyLife) published() bool { return k.KilledAt.IsZero() && k.held }

// spare reports whether the key waits for a turn that is not settled.
func (k *keyLife) spare() bool { return k.published() && k.SignsFrom.IsZero() }

// waits reports whether the key is published and has not begun to sign.
func (k *keyLife) waits(clock time.Time) bool {
	return k.published() && (k.SignsFrom.IsZero() || k.SignsFrom.After(clock))
}

// turns reports whether the key signed, signs or will. One that was killed before its turn never does.
func (k *keyLife) turns() bool {
	return !k.SignsFrom.IsZero() && (k.KilledAt.IsZero() || k.SignsFrom.Before(k.KilledAt))
}

// goesAt is when a retired key leaves the key set, if maxTTL is the longest lifetime ever in force.
func (k *keyLife) goesAt(maxTTL time.Duration) time.Time {
	if k.retiredAt.IsZero() {
		return time.Time{}
	}
	return k.retiredAt.Add(maxTTL + afterLast)
}

// keyLives is all keys by slot, with those that have a turn in the order of their turns.
type keyLives struct {
	keys  []keyLife
	turns []*keyLife
}

func livesOf(rows *KeyringRows) *keyLives {
	held := make(map[string]bool, len(rows.Secrets))
	for _, secret := range rows.Secrets {
		held[secret.Name] = true
	}
	l := &keyLives{keys: make([]keyLife, len(rows.Keys))}
	for i, key := range rows.Keys {
		l.keys[i] = keyLife{PublishedKey: key, held: held[signingSecret+key.KID]}
		if l.keys[i].turns() {
			l.turns = append(l.turns, &l.keys[i])
		}
	}
	slices.SortFunc(l.turns, func(a, b *keyLife) int {
		return cmp.Or(a.SignsFrom.Compare(b.SignsFrom), cmp.Compare(a.Slot, b.Slot))
	})
	for i, key := range l.turns[:max(0, len(l.turns)-1)] {
		key.retiredAt = l.turns[i+1].SignsFrom
	}
	return l
}

// active is the key whose turn it is by clock: the one that began last. It is nil if nobody's turn has
// come, and if that key cannot sign any more: an older one was retired, and is not called back.
func (l *keyLives) active(clock time.Time) (active *keyLife) {
	for _, key := range l.turns {
		if key.SignsFrom.After(clock) {
			break
		}
		active = key
	}
	if active == nil || !active.published() {
		return nil
	}
	return active
}

// pending is the key whose turn is the next to come, if one is settled.
func (l *keyLives) pending(clock time.Time) *keyLife {
	for _, key := range l.turns {
		if key.SignsFrom.After(clock) && key.published() {
			return key
		}
	}
	return nil
}

// lastTurn is when the last turn began or will begin; false if there is none.
func (l *keyLives) lastTurn() (at time.Time, any bool) {
	if len(l.turns) == 0 {
		return at, false
	}
	return l.turns[len(l.turns)-1].SignsFrom, true
}

// first returns the oldest key that fits.
func (l *keyLives) first(fits func(*keyLife) bool) *keyLife {
	for i := range l.keys {
		if fits(&l.keys[i]) {
			return &l.keys[i]
		}
	}
	return nil
}

// count is how many keys fit.
func (l *keyLives) count(fits func(*keyLife) bool) (n int) {
	for i := range l.keys {
		if fits(&l.keys[i]) {
			n++
		}
	}
	return n
}

// room is how many keys may be published besides those that are.
func (l *keyLives) room() int { return maxPublished - l.count((*keyLife).published) }

// info describes a key as it is at clock.
func (l *keyLives) info(k *keyLife, clock time.Time, maxTTL time.Duration) KeyInfo {
	info := KeyInfo{KID: k.KID, Alg: k.Alg, Slot: k.Slot, CreatedAt: k.CreatedAt, SignsFrom: k.SignsFrom,
		RetiredAt: k.retiredAt, GoesAt: k.goesAt(maxTTL), KilledAt: k.KilledAt}
	switch {
	case !k.KilledAt.IsZero():
		info.State, info.GoesAt = KeyKilled, time.Time{}
	case !k.held:
		info.State = KeyGone
	case k.waits(clock):
		info.State = KeyNext
	case k == l.active(clock):
		info.State = KeyActive
	default:
		info.State = KeyRetired
	}
	return info
}

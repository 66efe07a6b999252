package verify

import (
	"bytes"

	"github.com/authd/authd/verify/internal/jws"
	"github.com/authd/authd/verify/internal/live"
)

// keyset is a set of keys as it was published, without those that were killed. It is never written.
type keyset struct {
	keys       map[string]*jws.Key // :: kid → key
	body       []byte              // what it was read from, to see whether another is the same
	generation uint64              // no two sets with different keys have the same
}

// without returns the keys of a set that were not killed.
func (s *keyset) without(killed map[live.Digest]bool) map[string]*jws.Key {
	rest := make(map[string]*jws.Key, len(s.keys))
	for kid, key := range s.keys {
		if !killed[live.DigestOf(kid)] {
			rest[kid] = key
		}
	}
	return rest
}

func keysByID(keys []*jws.Key) map[string]*jws.Key {
	byID := make(map[string]*jws.Key, len(keys))
	for _, key := range keys {
		byID[key.ID()] = key
	}
	return byID
}

// publish makes a set the current one. One with the keys of the last is the last. The caller holds mu.
func (k *keyring) publish(keys []*jws.Key, body []byte) {
	if last := k.set.Load(); last != nil && bytes.Equal(last.body, body) {
		return
	}
	k.generations++
	set := &keyset{keys: keysByID(keys), body: body, generation: k.generations}
	set.keys = set.without(k.killed)
	k.set.Store(set)
}

// kill drops keys at once and for ever.
func (k *keyring) kill(kids []live.Digest) {
	if len(kids) == 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, kid := range kids {
		k.killed[kid] = true
	}
	set := k.set.Load()
	if set == nil {
		return
	}
	if rest := set.without(k.killed); len(rest) != len(set.keys) {
		k.generations++
		k.set.Store(&keyset{keys: rest, body: set.body, generation: k.generations})
	}
}

// renew lets all keys go and has them fetched anew; those that were killed stay killed.
func (k *keyring) renew() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.forget()
	k.call()
}

// forget lets all keys go. The caller holds mu.
func (k *keyring) forget() {
	k.drops++
	k.etag = ""
	k.set.Store(nil)
}

// len returns the number of keys.
func (k *keyring) len() int {
	if set := k.set.Load(); set != nil {
		return len(set.keys)
	}
	return 0
}

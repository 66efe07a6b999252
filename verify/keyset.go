package verify

import (
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

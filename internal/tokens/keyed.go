package tokens

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// keyed is HMAC-SHA-256 (RFC 2104) under one key, safe for concurrent use. It keeps states that have taken
// the key in already, which is two thirds of what a short message costs.
type keyed struct{ states *sync.Pool }

// keyedState holds the message as well: what is handed to a hash.Hash would be allocated each time.
type keyedState struct {
	mac     hash.Hash
	message []byte
	sum     [sha256.Size]byte
}

func newKeyed(key []byte) keyed {
	return keyed{&sync.Pool{New: func() any { return &keyedState{mac: hmac.New(sha256.New, key)} }}}
}

func (k keyed) sum(message []byte) [sha256.Size]byte {
	s := k.states.Get().(*keyedState)
	defer s.giveBack(k.states)
	s.message = append(s.message[:0], message...)
	s.mac.Write(s.message)
	s.mac.Sum(s.sum[:0])
	return s.sum
}

// giveBack forgets what was hashed, which may be a secret, and keeps the key.
func (s *keyedState) giveBack(states *sync.Pool) {
	s.mac.Reset()
	clear(s.message)
	clear(s.sum[:])
	states.Put(s)
}

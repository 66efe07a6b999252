package tokens

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// stock is keys that were made and that nobody has seen yet. They are made before the rows are read that
// say where they go: an RSA key takes a second, and a decision must not be that old when it is written.
type stock struct {
	mu   sync.Mutex // guards keys
	keys []madeKey
}

type madeKey struct {
	row     PublishedKey // without slot and times
	private []byte
}

// shortError says which keys a decision needs that the stock does not have.
type shortError struct {
	alg  Alg
	need int
}

func (e *shortError) Error() string {
	return fmt.Sprintf("%d keys for %s must be made first", e.need, e.alg)
}

// first returns n keys, which stay until they are spent: whoever loses a swap needs them again.
func (s *stock) first(alg Alg, n int) (keys []madeKey, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range s.keys {
		if len(keys) < n && key.row.Alg == string(alg) {
			keys = append(keys, key)
		}
	}
	if len(keys) < n {
		return nil, &shortError{alg, n}
	}
	return keys, nil
}

func (s *stock) add(key madeKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = append(s.keys, key)
}

// spend forgets keys that are published, or may be.
func (s *stock) spend(published []PublishedKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = slices.DeleteFunc(s.keys, func(key madeKey) bool {
		return slices.ContainsFunc(published, func(p PublishedKey) bool { return p.KID == key.row.KID })
	})
}

// stockUpAfter makes the keys that a decision lacked, if that was all that was wrong: it is to be made again.
func (k *Keyring) stockUpAfter(err error) (again bool, _ error) {
	var short *shortError
	if !errors.As(err, &short) {
		return false, err
	}
	for {
		if _, err := k.stock.first(short.alg, short.need); err == nil {
			return true, nil
		}
		row, private, err := generateKey(short.alg, 0, time.Time{}, k.random)
		if err != nil {
			return false, err
		}
		k.stock.add(madeKey{row, private})
	}
}

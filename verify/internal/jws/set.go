package jws

import (
	"errors"
	"fmt"
	"slices"

	"github.com/authd/authd/verify/internal/strictjson"
)

// MaxSet bounds the body of a key set, and maxKeys the keys in it. authd publishes two or three keys of
// some 200 bytes, and never more than so many.
const (
	MaxSet  = 256 << 10
	maxKeys = 64
)

// ErrSet is a body that is no key set.
var ErrSet = errors.New("not a JWK set")

// A Fault is a key of a set that is not used.
type Fault struct {
	Index int
	KeyID string // if it has one
	Err   error
}

func (f Fault) Error() string { return fmt.Sprintf("key %d %q: %v", f.Index, f.KeyID, f.Err) }
func (f Fault) Unwrap() error { return f.Err }

// ErrForeign is the fault of a key whose type or curve is not ours, as sets may have (RFC 7517,
// section 5). It is worth no alarm.
var ErrForeign = errors.New("a key of another kind")

// ParseSet reads a JWK set. A key that is not good is left out, with a fault, and does not spoil the
// others. No two keys of the result have one kid.
func ParseSet(body []byte) (keys []*Key, faults []Fault, err error) {
	if len(body) > MaxSet {
		return nil, nil, ErrTooLong
	}
	r, err := strictjson.NewReader(body)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %v", ErrSet, err)
	}
	var raws [][]byte
	listed := false
	err = r.Object(func(name []byte) error {
		if string(name) != "keys" {
			return r.Skip()
		}
		listed = true
		return r.Array(func() error {
			raw, err := r.Raw()
			if raws = append(raws, raw); len(raws) > maxKeys {
				return errors.New("too many keys")
			}
			return err
		})
	})
	if err == nil {
		err = r.End()
	}
	if err == nil && !listed {
		err = errors.New("no keys")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %v", ErrSet, err)
	}
	keys, faults = parseKeys(raws)
	return keys, faults, nil
}

// parseKeys refuses all keys of a kid that stands twice, good or not: which of them was meant is not
// ours to guess.
func parseKeys(raws [][]byte) (keys []*Key, faults []Fault) {
	var seen, repeated []string // :: kids
	all := make([]*Key, len(raws))
	for i, raw := range raws {
		key, kid, err := ParseKey(raw)
		if all[i] = key; err != nil {
			faults = append(faults, Fault{i, kid, err})
		}
		if kid != "" && slices.Contains(seen, kid) {
			repeated = append(repeated, kid)
		}
		seen = append(seen, kid)
	}
	for i, key := range all {
		switch {
		case key == nil:
		case slices.Contains(repeated, key.id):
			faults = append(faults, Fault{i, key.id, errors.New("the kid stands twice in the set")})
		default:
			keys = append(keys, key)
		}
	}
	return keys, faults
}

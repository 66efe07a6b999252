package tokens

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/authd/authd/internal/revocation"
)

// walkStore is a keyring in memory, with the clock of a walk.
type walkStore struct {
	rows    KeyringRows
	clock   func() time.Time
	changes []applied
}

// applied is a change that was made, with what it was made on.
type applied struct {
	before KeyringRows
	change KeyringChange
}

func (s *walkStore) load() KeyringRows {
	rows := s.rows
	rows.Clock = s.clock()
	rows.Secrets, rows.Keys = slices.Clone(rows.Secrets), slices.Clone(rows.Keys)
	return rows
}

func (s *walkStore) change(c KeyringChange) (bool, error) {
	if c.Version != s.rows.Version {
		return false, nil
	}
	for _, key := range c.Keys {
		if slices.ContainsFunc(s.rows.Keys, func(k PublishedKey) bool { return k.KID == key.KID || k.Slot == key.Slot }) {
			return false, errors.New("taken")
		}
	}
	s.changes = append(s.changes, applied{s.load(), c})
	s.rows = s.rows.after(&c)
	return true, nil
}

func (s *walkStore) raise(feedID string, maxTTL, maxAge time.Duration) revocation.Head {
	if s.rows.FeedID == "" {
		s.rows.FeedID = feedID
	}
	s.rows.MaxTTL, s.rows.JWKSMaxAge = max(s.rows.MaxTTL, maxTTL), max(s.rows.JWKSMaxAge, maxAge)
	return revocation.Head{FeedID: s.rows.FeedID}
}

// walkLine is what one instance has of the store: it may be cut off, and others may be faster.
type walkLine struct {
	store *walkStore
	cut   atomic.Bool
	// before, if set, happens once, between a load and the swap that rests on it.
	before func()
}

var errCut = errors.New("cut off")

func (l *walkLine) LoadKeyring(context.Context) (KeyringRows, error) {
	if l.cut.Load() {
		return KeyringRows{}, errCut
	}
	return l.store.load(), nil
}

func (l *walkLine) ChangeKeyring(_ context.Context, c KeyringChange, _ uint64) (bool, error) {
	if before := l.before; before != nil {
		l.before = nil
		before()
	}
	if l.cut.Load() {
		return false, errCut
	}
	return l.store.change(c)
}

func (l *walkLine) RaiseHead(_ context.Context, feedID string, maxTTL, maxAge time.Duration) (revocation.Head, error) {
	if l.cut.Load() {
		return revocation.Head{}, errCut
	}
	return l.store.raise(feedID, maxTTL, maxAge), nil
}

func (l *walkLine) OldestSession(context.Context) (time.Time, bool, error) {
	return time.Time{}, false, nil
}

// Restore is not part of a walk.
func (l *walkLine) Restore(context.Context, Restoration, uint64) (Restored, bool, error) {
	return Restored{}, false, errCut
}

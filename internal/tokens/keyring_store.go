package tokens

import (
	"context"
	"time"

	"github.com/authd/authd/internal/revocation"
)

// KeyringStore keeps sealed secrets and published keys. It never sees one that is not sealed.
type KeyringStore interface {
	// LoadKeyring reads everything, secrets by name and keys by slot, with the head's state and the
	// store's clock. What is read beside a change may be half of it: its version is the one before, so
	// that nothing can be decided on it.
	LoadKeyring(ctx context.Context) (KeyringRows, error)

	// ChangeKeyring applies all of a change in one transaction, kills included, and raises the head's
	// keyring_version by one. False: the head has another version, or there is no head, and nothing was
	// written: load and decide again. A key, a slot or a name that is taken is an error, and nothing was
	// written either. An empty change is applied by doing nothing.
	ChangeKeyring(ctx context.Context, change KeyringChange, mark uint64) (applied bool, err error)

	// Restore applies all of a restoration in one transaction. False: the head has another
	// keyring_version than the restoration was decided on, or there is no head, and nothing was written.
	Restore(ctx context.Context, r Restoration, mark uint64) (done Restored, applied bool, err error)

	// RaiseHead creates the feed's head if there is none, with feedID, and raises its longest access
	// lifetime and its longest max-age (whole seconds) to at least these. It returns the head.
	RaiseHead(ctx context.Context, feedID string, maxTTL, jwksMaxAge time.Duration) (revocation.Head, error)

	// OldestSession returns when the oldest session that has a row was opened, in whatever state it is.
	OldestSession(ctx context.Context) (openedAt time.Time, found bool, err error)
}

// SealedSecret is a row of secrets: refresh.<v>, pepper.<v> or signing.<kid>.
type SealedSecret struct {
	Name      string
	Sealed    []byte
	CreatedAt time.Time
}

// signingSecret begins the name of a signing key's private half; the key's id follows.
const signingSecret = "signing."

// PublishedKey is a row of signing_keys. Rows are never deleted: one whose private half is gone is a
// tombstone, which keeps its kid and its slot from ever being taken again.
type PublishedKey struct {
	KID       string // RFC 7638 thumbprint
	Slot      int64  // 1, 2, …: one key each
	Alg       string // RFC 7518 name
	PublicJWK string
	CreatedAt time.Time
	SignsFrom time.Time // zero: published, and its turn is not settled
	KilledAt  time.Time // zero: not killed
}

// KeyringRows is all of the keyring as it is stored.
type KeyringRows struct {
	Version    int64 // the head's keyring_version; 0 while there is no head
	Clock      time.Time
	FeedID     string
	MaxTTL     time.Duration // the longest access lifetime ever in force
	JWKSMaxAge time.Duration // the longest max-age ever served
	Secrets    []SealedSecret
	Keys       []PublishedKey
}

// KeyringChange is what one transaction does to the keyring. Members that are empty change nothing.
type KeyringChange struct {
	Version int64 // the keyring_version that it was decided on; the head gets Version+1

	Secrets []SealedSecret // added
	Keys    []PublishedKey // added
	Start   []KeyStart     // of keys that are there, and were not killed
	// Kill kills keys that are there, and were not killed: the kid enters the feed, in this order, and
	// the private half is deleted.
	Kill []KeyKill
	// Reseal replaces what is sealed under a name; the time of its making stays.
	Reseal []SealedSecret
	// DropSecrets are names whose rows are deleted.
	DropSecrets []string
}

// KeyStart says from when on a key signs.
type KeyStart struct {
	KID       string
	SignsFrom time.Time
}

// KeyKill says when a key was killed.
type KeyKill struct {
	KID string
	At  time.Time
}

// IsEmpty reports whether the change changes nothing.
func (c *KeyringChange) IsEmpty() bool {
	return len(c.Secrets)+len(c.Keys)+len(c.Start)+len(c.Kill)+len(c.Reseal)+len(c.DropSecrets) == 0
}

// Dropped are the names whose rows go: those that are listed, and the private halves of killed keys.
func (c *KeyringChange) Dropped() []string {
	names := append(make([]string, 0, len(c.DropSecrets)+len(c.Kill)), c.DropSecrets...)
	for _, kill := range c.Kill {
		names = append(names, signingSecret+kill.KID)
	}
	return names
}

package tokens

import (
	"context"
	"time"
)

// Turn is one turn of the loop.
func (k *Keyring) Turn(ctx context.Context) error { return k.turnOnce(ctx) }

// DropOldVersions is what the loop does once an hour.
func (k *Keyring) DropOldVersions(ctx context.Context) error { return k.dropOldVersions(ctx) }

// Reveal opens what is sealed.
func (k *Keyring) Reveal(row SealedSecret) ([]byte, error) {
	return k.sealer.open(row.Name, row.Sealed)
}

// ForTests is a keyring that has seen no store and holds no keys, for services that sign nothing.
func ForTests(accessTTL time.Duration) *Keyring { return &Keyring{maxTTL: accessTTL} }

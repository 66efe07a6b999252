package tokens

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/authd/authd/internal/audit"
)

// keyDecision is what follows from the rows as they were read. It may be asked again on newer ones.
type keyDecision func(rows *KeyringRows) (KeyringChange, error)

// alter loads, decides and swaps, again if somebody else was faster, and returns the rows as they are
// afterwards. It ends with what this instance holds being what it has stored.
func (k *Keyring) alter(ctx context.Context, from Origin, decide keyDecision) (KeyringRows, KeyringChange, error) {
	for range 1 + maxAttempts { // of which one may only find out that keys must be made
		rows, change, applied, err := k.alterOnce(ctx, from, decide)
		again, err := k.stockUpAfter(err)
		if err != nil || applied && !again {
			return rows, change, err
		}
	}
	return KeyringRows{}, KeyringChange{}, errBusy
}

func (k *Keyring) alterOnce(ctx context.Context, from Origin, decide keyDecision) (rows KeyringRows, change KeyringChange, applied bool, err error) {
	ctx, cancel := detached(ctx)
	defer cancel()
	if rows, err = k.read(ctx); err != nil && !errors.Is(err, errIncomplete) {
		return rows, change, false, err
	}
	change, applied, err = k.attempt(ctx, rows, decide)
	if err != nil || !applied || change.IsEmpty() {
		return rows, change, applied, err
	}
	k.recordChange(ctx, rows.Clock, &change, from)
	if now, err := k.read(ctx); err == nil {
		return now, change, true, nil
	}
	return rows.after(&change), change, true, nil // whoever follows the store reads it again
}

// attempt applies what is decided on rows, unless they have changed since.
func (k *Keyring) attempt(ctx context.Context, rows KeyringRows, decide keyDecision) (change KeyringChange, applied bool, err error) {
	if change, err = decide(&rows); err != nil || change.IsEmpty() {
		return change, err == nil, err
	}
	mark, err := newMark(k.random)
	if err != nil {
		return change, false, err
	}
	change.Version = rows.Version
	applied, err = k.store.ChangeKeyring(ctx, change, mark)
	if errors.Is(err, ErrWriteConflict) {
		return change, false, nil
	}
	if applied || err != nil { // an error may hide that it was
		k.stock.spend(change.Keys)
	}
	return change, applied, err
}

// complete decides what a store without keys or secrets is given.
func (k *Keyring) complete(rows *KeyringRows) (KeyringChange, error) {
	step := nextStep(rows, k.clocks(rows), k.rotation)
	change, err := k.changeOf(rows, &step)
	if err != nil {
		return change, err
	}
	for _, kind := range []string{refreshSecret, pepperSecret} {
		if len(versionsOf(rows, kind)) > 0 {
			continue
		}
		secret, err := k.makeSecret(rows, kind, 1)
		if err != nil {
			return change, err
		}
		change.Secrets = append(change.Secrets, secret)
	}
	return change, nil
}

func (k *Keyring) clocks(rows *KeyringRows) keyClocks { return keyClocks{rows.Clock, k.now()} }

// changeOf is a step with the keys that it asks for, from the stock. They take the slots after the last
// that was ever taken.
func (k *Keyring) changeOf(rows *KeyringRows, step *keyStep) (KeyringChange, error) {
	change := KeyringChange{Start: step.start, Kill: step.kill}
	for _, kid := range step.drop {
		change.DropSecrets = append(change.DropSecrets, signingSecret+kid)
	}
	slot := int64(1)
	for _, key := range rows.Keys {
		slot = max(slot, key.Slot+1)
	}
	made, err := k.stock.first(k.algOf(rows), step.make)
	if err != nil {
		return change, err
	}
	for i, new := range made {
		key := new.row
		key.Slot, key.CreatedAt = slot+int64(i), rows.Clock
		if i == 0 && step.first {
			key.SignsFrom = rows.Clock
		}
		sealed, err := k.seal(rows, signingSecret+key.KID, new.private)
		if err != nil {
			return change, err
		}
		change.Keys, change.Secrets = append(change.Keys, key), append(change.Secrets, sealed)
	}
	return change, nil
}

// algOf is what a new key signs with. A command that was not told makes keys as the servers beside it do,
// whose settings it does not know: the newest key shows.
func (k *Keyring) algOf(rows *KeyringRows) Alg {
	if k.alg != "" {
		return k.alg
	}
	if len(rows.Keys) == 0 {
		return Algs()[0]
	}
	newest := slices.MaxFunc(rows.Keys, func(a, b PublishedKey) int { return cmp.Compare(a.Slot, b.Slot) })
	return Alg(newest.Alg)
}

// seal makes the row of a new secret. It refuses beside rows that none of the master keys at hand opens:
// the others have moved to another one, and would find a row that they cannot read.
func (k *Keyring) seal(rows *KeyringRows, name string, secret []byte) (SealedSecret, error) {
	for _, row := range rows.Secrets {
		if !k.sealer.knows(row.Sealed) {
			return SealedSecret{}, fmt.Errorf("seal %s beside %s: %w", name, row.Name, ErrMasterKey)
		}
	}
	sealed, err := k.sealer.seal(name, secret, k.random)
	return SealedSecret{Name: name, Sealed: sealed, CreatedAt: rows.Clock}, err
}

// after is what the rows are when a change was applied to them.
func (r *KeyringRows) after(c *KeyringChange) KeyringRows {
	now := *r
	now.Version++
	dropped := c.Dropped()
	now.Secrets = slices.DeleteFunc(slices.Concat(r.Secrets, c.Secrets), func(s SealedSecret) bool {
		return slices.Contains(dropped, s.Name)
	})
	slices.SortFunc(now.Secrets, func(a, b SealedSecret) int { return strings.Compare(a.Name, b.Name) })
	now.Keys = slices.Concat(r.Keys, c.Keys)
	for i := range now.Keys {
		key := &now.Keys[i]
		for _, start := range c.Start {
			if start.KID == key.KID {
				key.SignsFrom = start.SignsFrom
			}
		}
		for _, kill := range c.Kill {
			if kill.KID == key.KID {
				key.KilledAt = kill.At
			}
		}
	}
	return now
}

// recordChange tells what was done to the keys.
func (k *Keyring) recordChange(ctx context.Context, at time.Time, c *KeyringChange, from Origin) {
	tell := func(name audit.Name, subject string) {
		k.record(ctx, audit.Event{At: at, Name: name, Actor: from.Actor, Subject: subject,
			Address: from.Address, UserAgent: from.UserAgent})
	}
	for _, kill := range c.Kill {
		tell(audit.KeyKilled, kill.KID)
	}
	for _, key := range c.Keys {
		tell(audit.KeyMade, key.KID)
		if !key.SignsFrom.IsZero() {
			tell(audit.KeyStarted, key.KID)
		}
	}
	for _, start := range c.Start {
		tell(audit.KeyStarted, start.KID)
	}
	for _, name := range c.DropSecrets {
		if kid, ofKey := strings.CutPrefix(name, signingSecret); ofKey {
			tell(audit.KeyRetired, kid)
		} else {
			tell(audit.SecretDropped, name)
		}
	}
	for _, secret := range c.Secrets {
		if !strings.HasPrefix(secret.Name, signingSecret) {
			tell(audit.SecretRotated, secret.Name)
		}
	}
	if len(c.Reseal) > 0 {
		tell(audit.SecretsRewrapped, "")
	}
}

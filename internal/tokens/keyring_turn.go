package tokens

import (
	"context"
	"errors"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// turnEvery is how often the keys are looked at. Nothing is asked of the store for that.
const turnEvery = time.Second

// itself is the origin of what nobody asked for.
var itself = Origin{Actor: audit.System}

// Run turns the keys, until ctx ends: it settles turns in time, makes spares, deletes what is retired,
// and drops old versions of secrets that nothing needs any more. Any number of instances do the same;
// one wins each step. It is called once.
func (k *Keyring) Run(ctx context.Context) error {
	turn := time.NewTicker(turnEvery)
	defer turn.Stop()
	said := ""
	var looked time.Time // when old versions were looked for
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-turn.C:
		}
		err := k.turnOnce(ctx)
		if now := k.now(); err == nil && now.Sub(looked) >= oldVersionsEvery {
			looked, err = now, k.dropOldVersions(ctx)
		}
		text := ""
		if err != nil {
			text = err.Error()
		}
		if text != said && ctx.Err() == nil {
			k.failed(ctx, err)
			said = text
		}
	}
}

// turnOnce looks at what was read last, by an estimate of the store's clock, and asks the store only if
// something seems due. What is done is decided by the store's own clock, on its rows of that moment.
func (k *Keyring) turnOnce(ctx context.Context) error {
	r, now := k.ring.Load(), k.now()
	if step := nextStep(&r.rows, keyClocks{r.clock(now), now}, k.rotation); step.isEmpty() {
		return nil
	}
	_, _, err := k.alter(ctx, itself, k.next)
	return err
}

func (k *Keyring) next(rows *KeyringRows) (KeyringChange, error) {
	step := nextStep(rows, k.clocks(rows), k.rotation)
	return k.changeOf(rows, &step)
}

// Keys reads the signing keys from the store, by slot, tombstones included.
func (k *Keyring) Keys(ctx context.Context) ([]KeyInfo, error) {
	rows, err := k.store.LoadKeyring(ctx)
	if err != nil {
		return nil, err
	}
	lives := livesOf(&rows)
	infos := make([]KeyInfo, len(lives.keys))
	for i := range lives.keys {
		infos[i] = lives.info(&lives.keys[i], rows.Clock, rows.MaxTTL)
	}
	return infos, nil
}

// Rotate settles the turn of the next key and returns that key. While a turn is to come already, nothing
// changes and that one's key is returned: asking twice does not turn twice.
func (k *Keyring) Rotate(ctx context.Context, from Origin) (KeyInfo, error) {
	for range maxAttempts {
		rows, _, err := k.alter(ctx, from, func(rows *KeyringRows) (KeyringChange, error) {
			step := turnStep(rows, k.clocks(rows), k.rotation)
			return k.changeOf(rows, &step)
		})
		if err != nil {
			return KeyInfo{}, err
		}
		lives := livesOf(&rows)
		if key := lives.pending(rows.Clock); key != nil {
			return lives.info(key, rows.Clock, rows.MaxTTL), nil
		}
		if lives.room() <= 0 {
			return KeyInfo{}, errKeySetFull
		}
	}
	// Only where keys are killed faster than they are made.
	return KeyInfo{}, errBusy
}

var errKeySetFull = auth.ErrUnavailable.Because(errors.New("as many keys are published as verifiers take: the next turn waits until a retired key goes"))

// Kill takes a key out of the key set at once and has every verifier refuse what it signed. If it was
// its turn, a spare signs from this moment on, known to caches or not; there are never fewer than two
// keys. [ErrKeyNotFound] for one that this store never had; killed before: nil.
func (k *Keyring) Kill(ctx context.Context, kid string, from Origin) error {
	_, _, err := k.alter(ctx, from, func(rows *KeyringRows) (KeyringChange, error) {
		step, found := killStep(rows, k.clocks(rows), k.rotation, kid)
		if !found {
			return KeyringChange{}, ErrKeyNotFound
		}
		return k.changeOf(rows, &step)
	})
	return err
}

// KeyStats is for metrics.
type KeyStats struct {
	Published int           // keys in the key set
	ActiveAge time.Duration // since the active key began to sign; zero if none does
	// NextIn is how long it is until the next key signs; zero if its turn is not settled.
	NextIn time.Duration
}

// Stats says how the keys stand, as far as this instance knows.
func (k *Keyring) Stats() KeyStats {
	r := k.ring.Load()
	clock, lives := r.clock(k.now()), livesOf(&r.rows)
	stats := KeyStats{Published: len(r.keys)}
	if key := lives.active(clock); key != nil {
		stats.ActiveAge = clock.Sub(key.SignsFrom)
	}
	if key := lives.pending(clock); key != nil {
		stats.NextIn = key.SignsFrom.Sub(clock)
	}
	return stats
}

package verify

import (
	"context"
	"fmt"
	"time"

	"github.com/authd/authd/verify/internal/jws"
	"github.com/authd/authd/verify/internal/live"
)

// token returns the key with a kid, and the generation of the set that it was found in. It may wait for
// one fetch of the keys, if that was not done lately: random kids must not become a flood (A7).
func (k *keyring) token(ctx context.Context, kid string) (key *jws.Key, generation uint64, err error) {
	set := k.set.Load()
	if set == nil {
		return nil, 0, errNoKeysYet
	}
	if key = set.keys[kid]; key != nil {
		return key, set.generation, nil
	}
	f, err := k.ask(kid)
	if err != nil {
		return nil, 0, err
	}
	if f != nil {
		wait, cancel := context.WithTimeout(ctx, keyWait)
		defer cancel()
		select {
		case <-f.done:
		case <-wait.Done():
		}
	}
	if set = k.set.Load(); set != nil && set.keys[kid] != nil {
		return set.keys[kid], set.generation, nil
	}
	return nil, 0, k.unknown()
}

// ask begins or joins a fetch for a kid that is not known. It returns nil within the cool-down.
func (k *keyring) ask(kid string) (*flight, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.killed[live.DigestOf(kid)]:
		return nil, errKeyKilled
	case k.flight != nil:
		return k.flight, nil
	case !k.asked.IsZero() && time.Since(k.asked) < keyCoolDown:
		return nil, nil
	}
	k.asked = time.Now()
	return k.call(), nil
}

// unknown says what a kid is that is not in the set. If the set could not be had, that is not known:
// a 401 would send a client that did nothing wrong to sign in again.
func (k *keyring) unknown() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.lastErr != nil:
		return fmt.Errorf("%w: a key is unknown, and the key set cannot be had: %w", ErrNotReady, k.lastErr)
	case k.flight != nil:
		return fmt.Errorf("%w: a key is unknown, and the key set has not come yet", ErrNotReady)
	}
	return errUnknown
}

// page returns the key of a page of the feed, and may wait for a fetch of the keys as token does. Pages
// have a cool-down of their own, so that forged tokens cannot keep a follower from a new key.
func (k *keyring) page(ctx context.Context, kid string) (*jws.Key, error) {
	if set := k.set.Load(); set != nil && set.keys[kid] != nil {
		return set.keys[kid], nil
	}
	f, err := k.askForPage(kid)
	if err != nil {
		return nil, err
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if set := k.set.Load(); set != nil && set.keys[kid] != nil {
		return set.keys[kid], nil
	}
	return nil, k.unknownToPage()
}

// unknownToPage says why a page has no key, with what is wrong with the key set if that is the reason.
func (k *keyring) unknownToPage() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.lastErr != nil {
		return fmt.Errorf("%w: %w", errUnknownKey, k.lastErr)
	}
	return errUnknownKey
}

func (k *keyring) askForPage(kid string) (*flight, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.killed[live.DigestOf(kid)]:
		return nil, errPageOfKilledKey
	case k.flight != nil:
		return k.flight, nil
	case k.set.Load() == nil:
		return k.call(), nil // which is no question of this kid
	case !k.askedByPage.IsZero() && time.Since(k.askedByPage) < pageCool:
		return nil, errUnknownKey
	}
	k.askedByPage = time.Now()
	return k.call(), nil
}

package tokens

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authd/authd/internal/auth"
)

// KeyringConfig is what [OpenKeyring] needs. Nothing has a default.
type KeyringConfig struct {
	Store      KeyringStore
	MasterKeys [][]byte // of MasterKeyBytes each; the first seals, all open
	AccessTTL  time.Duration
	JWKSMaxAge time.Duration
	Alg        Alg // of the next key that is made; those that there are keep theirs
	Random     io.Reader
	// Now paces readings of the store, and says since when a pepper is in use, where seconds do not
	// matter. Everything about tokens goes by the store's clock.
	Now func() time.Time
}

// Keyring holds the signing keys and the two versioned secrets, opened. It is safe for concurrent use.
type Keyring struct {
	store  KeyringStore
	sealer *sealer
	random io.Reader
	now    func() time.Time
	alg    Alg           // of the next key that is made
	maxTTL time.Duration // of the access tokens that may be signed: what the head was raised to
	maxAge time.Duration // of the key set that is served: what the head was raised to

	ring atomic.Pointer[ring] // replaced whole by load; readers never wait

	loading  sync.Mutex // guards what follows, and keeps readings of the store one at a time
	feedID   string     // of the store whose rows were read
	lastLoad time.Time
	lastErr  error // what came of it
}

// reloadPause is the least time between two readings of the store because of a version that is not
// known: a stream of forged tokens must not become a stream of queries.
const reloadPause = time.Second

// OpenKeyring reads and opens the keyring, and makes what a first boot needs: the feed's head, one
// version of each secret, and two published keys, the first of which signs. Any number of instances
// may do so at once; all end with the same. [ErrMasterKey] if the master key is not the store's.
func OpenKeyring(ctx context.Context, c KeyringConfig) (*Keyring, error) {
	if !slices.Contains(Algs(), c.Alg) {
		return nil, c.Alg.unknown()
	}
	sealer, err := newSealer(c.MasterKeys)
	if err != nil {
		return nil, err
	}
	k := &Keyring{store: c.Store, sealer: sealer, random: c.Random, now: c.Now, alg: c.Alg, maxTTL: c.AccessTTL, maxAge: c.JWKSMaxAge}
	// The longest lifetime is on record before anything is signed, so that no kill forgets too early.
	var id [12]byte
	if _, err := io.ReadFull(c.Random, id[:]); err != nil {
		return nil, fmt.Errorf("draw a feed id: %w", err)
	}
	k.feedID = base64.RawURLEncoding.EncodeToString(id[:])
	if err := k.RaiseHead(ctx); err != nil {
		return nil, err
	}
	rows, err := c.Store.LoadKeyring(ctx)
	if err != nil {
		return nil, err
	}
	// Open first: with the wrong master key nothing may be added beside what it cannot open.
	if err := k.open(rows); errors.Is(err, errIncomplete) {
		if err := k.complete(ctx, rows); err != nil {
			return nil, err
		}
		return k, k.load(ctx)
	} else if err != nil {
		return nil, err
	}
	return k, nil
}

// RaiseHead makes the head know of the lifetime and the max-age of this instance: at the start, and
// again should a store that went back in time not know of them any more.
func (k *Keyring) RaiseHead(ctx context.Context) error {
	k.loading.Lock()
	defer k.loading.Unlock()
	head, err := k.store.RaiseHead(ctx, k.feedID, k.maxTTL, k.maxAge)
	if err == nil {
		k.feedID = head.FeedID
	}
	return err
}

// Renew reads the keyring again unless the one that is loaded is what the head names.
func (k *Keyring) Renew(ctx context.Context, feedID string, version int64) error {
	k.loading.Lock()
	defer k.loading.Unlock()
	if k.feedID == feedID && k.ring.Load().version == version {
		return nil
	}
	if err := k.load(ctx); err != nil {
		return err
	}
	k.feedID = feedID
	return nil
}

// errIncomplete says that a store lacks what a first boot makes.
var errIncomplete = errors.New("the keyring is not complete")

// load reads the store and replaces the ring.
func (k *Keyring) load(ctx context.Context) error {
	rows, err := k.store.LoadKeyring(ctx)
	if err != nil {
		return err
	}
	return k.open(rows)
}

// complete makes what is missing. Whoever else does so at the same moment, one of us wins each name
// and each slot, and both read back the same.
func (k *Keyring) complete(ctx context.Context, rows KeyringRows) error {
	var secrets []SealedSecret
	add := func(name string, secret []byte) error {
		sealed, err := k.sealer.seal(name, secret, k.random)
		secrets = append(secrets, SealedSecret{Name: name, Sealed: sealed, CreatedAt: rows.Clock})
		return err
	}
	for _, name := range []string{"refresh.1", "pepper.1"} {
		secret := make([]byte, 32)
		if _, err := io.ReadFull(k.random, secret); err != nil {
			return fmt.Errorf("make %s: %w", name, err)
		}
		if err := add(name, secret); err != nil {
			return err
		}
	}
	var keys []PublishedKey
	for slot := int64(1); slot <= 2; slot++ {
		key, secret, err := generateKey(k.alg, slot, rows.Clock, k.random)
		if err != nil {
			return err
		}
		if slot == 1 {
			key.SignsFrom = rows.Clock
		}
		if err := add("signing."+key.KID, secret); err != nil {
			return err
		}
		keys = append(keys, key)
	}
	return k.store.AddKeyring(ctx, secrets, keys)
}

// JWKS returns the published key set and its ETag. The bytes are shared: do not write to them.
func (k *Keyring) JWKS() (body []byte, etag string) {
	r := k.ring.Load()
	return r.jwks, r.etag
}

// sign signs with the key whose turn it is by the store's clock.
func (k *Keyring) sign(clock time.Time, c claims) (string, error) {
	key := k.ring.Load().active(clock)
	if key == nil {
		return "", errNoKey
	}
	return key.sign(c, k.random)
}

var errNoKey = auth.ErrUnavailable.Because(errors.New("no signing key is active yet"))

// SignPage implements [revocation.Signer]. Whoever is handed it can sign pages of the feed and nothing
// else.
func (k *Keyring) SignPage(into []byte, clock time.Time, payload []byte) (token []byte, kid string, err error) {
	key := k.ring.Load().active(clock)
	if key == nil {
		return nil, "", errNoKey
	}
	token, err = key.signPage(into, payload, k.random)
	return token, key.kid, err
}

// Published implements [revocation.Signer].
func (k *Keyring) Published(kid string) bool {
	return slices.ContainsFunc(k.ring.Load().keys, func(key *signingKey) bool { return key.kid == kid })
}

// Pepper returns the pepper for new password hashes.
func (k *Keyring) Pepper() (version uint32, pepper []byte) {
	v := newest(k.ring.Load().peppers, k.now())
	return uint32(v.version), v.secret
}

// PepperVersion returns the pepper that an older hash names.
func (k *Keyring) PepperVersion(version uint32) (pepper []byte, known bool) {
	return find(k.ring.Load().peppers, int(version))
}

// refreshAt returns the keys for tokens made at clock.
func (k *Keyring) refreshAt(clock time.Time) (version uint8, keys refreshKeys) {
	v := newest(k.ring.Load().refresh, clock)
	return uint8(v.version), v.secret
}

func (k *Keyring) refreshVersion(version uint8) (refreshKeys, bool) {
	return find(k.ring.Load().refresh, int(version))
}

// openRefresh reads a refresh token. [ErrRefreshTokenInvalid] for what is not ours. A version that is
// not known may be one that another instance has just made, so the store is asked, at most once a
// second.
func (k *Keyring) openRefresh(ctx context.Context, text string) (refreshToken, error) {
	token, found := parseRefresh(text, k.refreshVersion)
	if found == versionUnknown {
		if err := k.reload(ctx); err != nil {
			return refreshToken{}, err
		}
		token, found = parseRefresh(text, k.refreshVersion)
	}
	if found != genuine {
		return refreshToken{}, ErrRefreshTokenInvalid
	}
	return token, nil
}

// reload reads the store again unless that was done within the last second; a reading that failed counts
// until the next one, because a version that could not be looked up is not a version that does not exist.
// It reads for everybody, and so not under the context of whoever came first. The pause begins when the
// reading ends: those who waited for it take what came of it, and do not queue up to read one by one.
func (k *Keyring) reload(ctx context.Context) error {
	k.loading.Lock()
	defer k.loading.Unlock()
	if k.now().Sub(k.lastLoad) >= reloadPause {
		ctx, cancel := detached(ctx)
		defer cancel()
		err := k.load(ctx)
		k.lastLoad, k.lastErr = k.now(), err
	}
	if k.lastErr != nil {
		return auth.ErrUnavailable.Because(k.lastErr)
	}
	return nil
}

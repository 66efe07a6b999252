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

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
)

// KeyringConfig is what [OpenKeyring] needs. Nothing has a default but what says so.
type KeyringConfig struct {
	Store      KeyringStore
	MasterKeys [][]byte // of MasterKeyBytes each; the first seals, all open
	AccessTTL  time.Duration
	JWKSMaxAge time.Duration
	Alg        Alg // of the next key that is made; those that there are keep theirs. Empty: as the newest's
	// Rotation is how long a key signs. Zero: keys turn only when they are told to, as for a command.
	Rotation time.Duration
	Random   io.Reader
	// Now paces readings of the store, and says since when a pepper is in use, where seconds do not
	// matter. Everything about tokens goes by the store's clock; to delete a key, it must be past by both.
	Now func() time.Time
	// PepperNamed reports whether a stored password hash names a version. Nil: old peppers stay.
	PepperNamed func(ctx context.Context, version uint32) (bool, error)
	Record      audit.Sink // nil: [audit.Discard]
	// Failed, unless nil, is told of an error of the loop once, until another one comes or a turn
	// succeeds; then it is told nil.
	Failed func(ctx context.Context, err error)
}

// Keyring holds the signing keys and the two versioned secrets, opened. It is safe for concurrent use.
type Keyring struct {
	store  KeyringStore
	sealer *sealer
	random io.Reader
	now    func() time.Time
	alg    Alg           // of the next key that is made; empty: as the newest's
	maxTTL time.Duration // of the access tokens that may be signed: what the head was raised to
	maxAge time.Duration // of the key set that is served: what the head was raised to

	rotation    time.Duration
	pepperNamed func(ctx context.Context, version uint32) (bool, error)
	record      audit.Sink
	failed      func(ctx context.Context, err error)

	stock stock // keys to come

	ring atomic.Pointer[ring] // replaced whole by read; readers never wait

	reading sync.Mutex // one reading of the store at a time, so that none puts an older one in place

	asking    sync.Mutex // guards what follows
	lastAsked time.Time  // when the store was last asked for a version that was not known
	lastErr   error      // what came of it
}

// askPause is the least time between two readings of the store because of a version that is not known: a
// stream of forged tokens must not become a stream of queries.
const askPause = time.Second

// OpenKeyring reads and opens the keyring, and makes what a first boot needs: the feed's head, one
// version of each secret, and two published keys, the first of which signs. Any number of instances
// may do so at once; all end with the same. [ErrMasterKey] if the master key is not the store's.
func OpenKeyring(ctx context.Context, c KeyringConfig) (*Keyring, error) {
	if c.Alg != "" && !slices.Contains(Algs(), c.Alg) {
		return nil, c.Alg.unknown()
	}
	sealer, err := newSealer(c.MasterKeys)
	if err != nil {
		return nil, err
	}
	if c.Record == nil {
		c.Record = audit.Discard
	}
	if c.Failed == nil {
		c.Failed = func(context.Context, error) {}
	}
	k := &Keyring{
		store: c.Store, sealer: sealer, random: c.Random, now: c.Now, maxTTL: c.AccessTTL, maxAge: c.JWKSMaxAge,
		alg: c.Alg, rotation: c.Rotation, pepperNamed: c.PepperNamed, record: c.Record, failed: c.Failed,
	}
	// The longest lifetime is on record before anything is signed, so that no kill forgets too early.
	if err := k.RaiseHead(ctx); err != nil {
		return nil, err
	}
	return k, k.load(ctx)
}

// RaiseHead makes the head know of the lifetime and the max-age of this instance: at the start, and
// again should a store that went back in time not know of them any more.
func (k *Keyring) RaiseHead(ctx context.Context) error {
	feedID, err := newFeedID(k.random) // if this store has none
	if err != nil {
		return err
	}
	_, err = k.store.RaiseHead(ctx, feedID, k.maxTTL, k.maxAge)
	return err
}

// newFeedID draws a name for a feed.
func newFeedID(random io.Reader) (string, error) {
	var id [12]byte
	if _, err := io.ReadFull(random, id[:]); err != nil {
		return "", fmt.Errorf("draw a feed id: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(id[:]), nil
}

// Renew reads the keyring again unless the one that is loaded is what the head names.
func (k *Keyring) Renew(ctx context.Context, feedID string, version int64) error {
	if rows := &k.ring.Load().rows; rows.FeedID == feedID && rows.Version == version {
		return nil
	}
	return k.load(ctx)
}

// errIncomplete says that a store lacks what a first boot makes.
var errIncomplete = errors.New("the keyring is not complete")

// load reads the store, replaces the ring, and makes what is missing.
func (k *Keyring) load(ctx context.Context) error {
	for range maxAttempts {
		rows, err := k.read(ctx)
		if !errors.Is(err, errIncomplete) {
			return err
		}
		_, _, err = k.attempt(ctx, rows, k.complete)
		if _, err := k.stockUpAfter(err); err != nil {
			return err
		}
	}
	return errBusy
}

// read reads the store and replaces the ring, unless the one that is there is newer. The first thing is
// to open all of it: with the wrong master key nothing may be added beside what it cannot open.
func (k *Keyring) read(ctx context.Context) (KeyringRows, error) {
	k.reading.Lock()
	defer k.reading.Unlock()
	rows, err := k.store.LoadKeyring(ctx)
	if err != nil {
		return rows, err
	}
	ring, err := k.open(rows)
	if err == nil {
		k.ring.Store(ring)
	}
	return rows, err
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
	return key.sign(c)
}

var errNoKey = auth.ErrUnavailable.Because(errors.New("no signing key is active yet"))

// SignPage implements [revocation.Signer]. Whoever is handed it can sign pages of the feed and nothing
// else.
func (k *Keyring) SignPage(into []byte, clock time.Time, payload []byte) (token []byte, kid string, err error) {
	key := k.ring.Load().active(clock)
	if key == nil {
		return nil, "", errNoKey
	}
	token, err = key.signPage(into, payload)
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

// PepperVersion returns the pepper that a hash names. One that is not known may have been made a moment
// ago, so the store is asked, at most once a second.
func (k *Keyring) PepperVersion(ctx context.Context, version uint32) (pepper []byte, known bool) {
	if pepper, known = find(k.ring.Load().peppers, int(version)); known || k.ask(ctx) != nil {
		return pepper, known
	}
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

// refreshOf returns the keys of the version that a row names: like a token's, it may be one that this
// instance has not read yet.
func (k *Keyring) refreshOf(ctx context.Context, version uint8) (keys refreshKeys, known bool) {
	if keys, known = k.refreshVersion(version); known || k.ask(ctx) != nil {
		return keys, known
	}
	return k.refreshVersion(version)
}

// openRefresh reads a refresh token. [ErrRefreshTokenInvalid] for what is not ours. A version that is
// not known may be one that another instance has just made, so the store is asked, at most once a
// second.
func (k *Keyring) openRefresh(ctx context.Context, text string) (refreshToken, error) {
	token, found := parseRefresh(text, k.refreshVersion)
	if found == versionUnknown {
		if err := k.ask(ctx); err != nil {
			return refreshToken{}, err
		}
		token, found = parseRefresh(text, k.refreshVersion)
	}
	if found != genuine {
		return refreshToken{}, ErrRefreshTokenInvalid
	}
	return token, nil
}

// ask reads the store again unless that was done within the last second; a reading that failed counts
// until the next one, because a version that could not be looked up is not a version that does not exist.
// It reads for everybody, and so not under the context of whoever came first. The pause begins when the
// reading ends: those who waited for it take what came of it, and do not queue up to read one by one.
func (k *Keyring) ask(ctx context.Context) error {
	k.asking.Lock()
	defer k.asking.Unlock()
	if k.now().Sub(k.lastAsked) >= askPause {
		ctx, cancel := detached(ctx)
		defer cancel()
		_, err := k.read(ctx)
		k.lastAsked, k.lastErr = k.now(), err
	}
	if k.lastErr != nil {
		return auth.ErrUnavailable.Because(k.lastErr)
	}
	return nil
}

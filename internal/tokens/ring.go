package tokens

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ring is everything that was read and opened at one moment. It is never written after it is made.
type ring struct {
	rows     KeyringRows   // as they were read
	read     time.Time     // when that was, by this process's clock
	keys     []*signingKey // published, by slot
	byHeader map[string]*signingKey
	refresh  []versioned[refreshKeys] // oldest first
	peppers  []versioned[[]byte]
	jwks     []byte
	etag     string
}

// versioned is one version of a secret.
type versioned[S any] struct {
	version   int
	createdAt time.Time
	secret    S
}

// open opens every row. What the ring before has opened is taken from there while the feed is the same:
// names are versioned and never used again, so what is sealed under one does not change, and an instance
// outlives it when its rows are sealed anew under a master key that it was not given.
func (k *Keyring) open(rows KeyringRows) (*ring, error) {
	r := &ring{rows: rows, byHeader: make(map[string]*signingKey), read: k.now()}
	before := k.ring.Load()
	if before == nil || before.rows.FeedID != rows.FeedID {
		before = &ring{}
	}
	private := make(map[string][]byte)
	for _, row := range rows.Secrets {
		if r.takeSecret(before, row) {
			continue
		}
		secret, err := k.sealer.open(row.Name, row.Sealed)
		if err != nil {
			return nil, err
		}
		if err := r.addSecret(row, secret, private); err != nil {
			return nil, err
		}
	}
	lives := livesOf(&rows)
	for i := range lives.keys {
		life := &lives.keys[i]
		if !life.published() {
			continue
		}
		key := before.key(life.PublishedKey)
		if key == nil {
			var err error
			if key, err = openKey(life.PublishedKey, private[life.KID]); err != nil {
				return nil, err
			}
		}
		r.keys = append(r.keys, key)
		r.byHeader[key.header] = key
	}
	if len(r.keys) == 0 || len(r.refresh) == 0 || len(r.peppers) == 0 {
		return nil, errIncomplete
	}
	return r, r.publish()
}

// takeSecret takes what the ring before has opened under a name: a version of a secret, or the private
// half of a key.
func (r *ring) takeSecret(before *ring, row SealedSecret) (taken bool) {
	kind, rest, _ := strings.Cut(row.Name, ".")
	switch kind {
	case "signing":
		return slices.ContainsFunc(before.keys, func(k *signingKey) bool { return k.kid == rest })
	case "refresh":
		r.refresh, taken = takeVersion(r.refresh, before.refresh, rest)
	case "pepper":
		r.peppers, taken = takeVersion(r.peppers, before.peppers, rest)
	}
	return taken
}

func takeVersion[S any](into, before []versioned[S], version string) ([]versioned[S], bool) {
	for _, v := range before {
		if strconv.Itoa(v.version) == version {
			return insertVersion(into, v), true
		}
	}
	return into, false
}

// key is one that was opened before, with the turn that it has now.
func (r *ring) key(row PublishedKey) *signingKey {
	for _, key := range r.keys {
		if key.kid == row.KID {
			again := *key
			again.signsFrom = row.SignsFrom
			return &again
		}
	}
	return nil
}

func (r *ring) addSecret(row SealedSecret, secret []byte, private map[string][]byte) error {
	kind, rest, _ := strings.Cut(row.Name, ".")
	if kind == "signing" {
		private[rest] = secret
		return nil
	}
	version, err := strconv.ParseUint(rest, 10, 8)
	if err != nil || version == 0 || strconv.FormatUint(version, 10) != rest { // two rows would be one version
		return fmt.Errorf("secret %q: not a name of this build", row.Name)
	}
	switch kind {
	case "refresh":
		keys, err := deriveRefreshKeys(secret)
		if err != nil {
			return err
		}
		r.refresh = insertVersion(r.refresh, versioned[refreshKeys]{int(version), row.CreatedAt, keys})
	case "pepper":
		r.peppers = insertVersion(r.peppers, versioned[[]byte]{int(version), row.CreatedAt, secret})
	default:
		return fmt.Errorf("secret %q: not a name of this build", row.Name)
	}
	return nil
}

// insertVersion keeps versions in ascending order: names sort as text, where 10 comes before 2.
func insertVersion[S any](all []versioned[S], v versioned[S]) []versioned[S] {
	at := len(all)
	for at > 0 && all[at-1].version > v.version {
		at--
	}
	return append(all[:at:at], append([]versioned[S]{v}, all[at:]...)...)
}

// newest returns the newest version that every instance knows by clock, else the oldest.
func newest[S any](all []versioned[S], clock time.Time) versioned[S] {
	for i := len(all) - 1; i > 0; i-- {
		if !clock.Before(all[i].createdAt.Add(settleTime)) {
			return all[i]
		}
	}
	return all[0]
}

func find[S any](all []versioned[S], version int) (secret S, known bool) {
	for _, v := range all {
		if v.version == version {
			return v.secret, true
		}
	}
	return secret, false
}

func deriveRefreshKeys(secret []byte) (keys refreshKeys, err error) {
	tag, err := hkdf.Key(sha256.New, secret, nil, "authd/refresh/tag", 32)
	if err != nil {
		return keys, err
	}
	rotate, err := hkdf.Key(sha256.New, secret, nil, "authd/refresh/rotate", 32)
	if err != nil {
		return keys, err
	}
	return refreshKeys{tag: newKeyed(tag), rotate: newKeyed(rotate)}, nil
}

// publish prepares the JWK set (RFC 7517) and its strong ETag.
func (r *ring) publish() (err error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	for _, key := range r.keys {
		set.Keys = append(set.Keys, key.jwk)
	}
	if r.jwks, err = json.Marshal(set); err != nil {
		return err
	}
	sum := sha256.Sum256(r.jwks)
	r.etag = `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	return nil
}

// clock estimates the store's clock.
func (r *ring) clock(now time.Time) time.Time { return r.rows.Clock.Add(now.Sub(r.read)) }

// active is the key that began to sign last.
func (r *ring) active(clock time.Time) (active *signingKey) {
	for _, key := range r.keys {
		if key.signsFrom.IsZero() || clock.Before(key.signsFrom) {
			continue
		}
		if active == nil || !key.signsFrom.Before(active.signsFrom) {
			active = key
		}
	}
	return active
}

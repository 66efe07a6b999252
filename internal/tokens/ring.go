package tokens

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ring is everything that was read and opened at one moment. It is never written after it is made.
type ring struct {
	version  int64         // the head's keyring_version when it was read
	keys     []*signingKey // by slot
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

// settleTime is how long a new version of a secret waits before it is used: by then every instance
// has seen it.
const settleTime = 30 * time.Second

// open opens every row and puts the ring in place.
func (k *Keyring) open(rows KeyringRows) error {
	r := &ring{version: rows.Version, byHeader: make(map[string]*signingKey)}
	private := make(map[string][]byte)
	for _, row := range rows.Secrets {
		secret, err := k.sealer.open(row.Name, row.Sealed)
		if err != nil {
			return err
		}
		if err := r.addSecret(row, secret, private); err != nil {
			return err
		}
	}
	for _, row := range rows.Keys {
		if !row.KilledAt.IsZero() {
			continue
		}
		key, err := openKey(row, private[row.KID])
		if err != nil {
			return err
		}
		r.keys = append(r.keys, key)
		r.byHeader[key.header] = key
	}
	if len(r.keys) < 2 || len(r.refresh) == 0 || len(r.peppers) == 0 {
		return errIncomplete
	}
	if err := r.publish(); err != nil {
		return err
	}
	k.ring.Store(r)
	return nil
}

func (r *ring) addSecret(row SealedSecret, secret []byte, private map[string][]byte) error {
	kind, rest, _ := strings.Cut(row.Name, ".")
	if kind == "signing" {
		private[rest] = secret
		return nil
	}
	version, err := strconv.ParseUint(rest, 10, 8)
	if err != nil || version == 0 {
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
	if keys.tag, err = hkdf.Key(sha256.New, secret, nil, "authd/refresh/tag", 32); err != nil {
		return keys, err
	}
	keys.rotate, err = hkdf.Key(sha256.New, secret, nil, "authd/refresh/rotate", 32)
	return keys, err
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

// active is the key that began to sign last.
func (r *ring) active(clock time.Time) (active *signingKey) {
	for _, key := range r.keys {
		if key.signsFrom.IsZero() || clock.Before(key.signsFrom) {
			continue
		}
		if active == nil || active.signsFrom.Before(key.signsFrom) {
			active = key
		}
	}
	return active
}

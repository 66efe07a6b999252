package api

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"slices"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/authd/authd/internal/tokens"
)

// OperatorKeys is what operators' routes need of the signing keys. A key that was never there is
// [tokens.ErrKeyNotFound].
type OperatorKeys interface {
	// Keys reads all keys, those that are gone too.
	Keys(ctx context.Context) ([]tokens.KeyInfo, error)
	// Rotate settles when the next key begins to sign, or returns what is settled already.
	Rotate(ctx context.Context, from tokens.Origin) (tokens.KeyInfo, error)
	// Kill kills a key; one that was killed is no error.
	Kill(ctx context.Context, kid string, from tokens.Origin) error
}

// adminKey is a signing key as operators see it. Times that are not settled are left out.
type adminKey struct {
	KID       string `json:"kid"`
	Alg       string `json:"alg"`
	State     string `json:"state"`
	CreatedAt string `json:"created_at"`
	SignsFrom string `json:"signs_from,omitempty"`
	RetiredAt string `json:"retired_at,omitempty"`
	GoesAt    string `json:"goes_at,omitempty"`
	KilledAt  string `json:"killed_at,omitempty"`
}

func adminKeyOf(k tokens.KeyInfo) adminKey {
	return adminKey{KID: k.KID, Alg: k.Alg, State: string(k.State), CreatedAt: timestamp(k.CreatedAt),
		SignsFrom: ifSettled(k.SignsFrom), RetiredAt: ifSettled(k.RetiredAt), GoesAt: ifSettled(k.GoesAt), KilledAt: ifSettled(k.KilledAt)}
}

func ifSettled(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return timestamp(t)
}

// adminKeyPage is the answer to GET /admin/keys.
type adminKeyPage struct {
	Keys       []adminKey `json:"keys"`
	NextCursor string     `json:"next_cursor,omitempty"`
}

// keys cuts its pages from all keys, the newest first: what signs and what comes next stand on the first.
func (a *admin) keys(x *exchange, r *http.Request) error {
	p, err := paged(r, 'k')
	if err != nil {
		return err
	}
	below, err := p.placeSlot()
	if err != nil {
		return err
	}
	all, err := a.Keys.Keys(r.Context())
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(one, other tokens.KeyInfo) int { return cmp.Compare(other.Slot, one.Slot) })
	answer, last := adminKeyPage{Keys: []adminKey{}}, int64(0)
	for _, key := range all {
		if p.after != "" && key.Slot >= below {
			continue
		}
		if len(answer.Keys) == p.limit {
			answer.NextCursor = cursor('k', string(binary.BigEndian.AppendUint64(nil, uint64(last))))
			break
		}
		last = key.Slot
		answer.Keys = append(answer.Keys, adminKeyOf(key))
	}
	return x.sendJSON(http.StatusOK, answer)
}

// placeSlot is the slot that the list of keys was left at.
func (p page) placeSlot() (int64, error) {
	if p.after == "" {
		return 0, nil
	}
	if len(p.after) != 8 {
		return 0, errCursor
	}
	return int64(binary.BigEndian.Uint64([]byte(p.after))), nil
}

func (a *admin) rotateKey(x *exchange, r *http.Request) error {
	key, err := a.Keys.Rotate(r.Context(), operator(x, r))
	if err != nil {
		return err
	}
	return x.sendJSON(http.StatusOK, adminKeyOf(key))
}

func (a *admin) killKey(x *exchange, r *http.Request) error {
	kid, err := keyID(r)
	if err != nil {
		return err
	}
	if err := a.Keys.Kill(r.Context(), kid, operator(x, r)); err != nil {
		return err
	}
	x.WriteHeader(http.StatusNoContent)
	return nil
}

// keyID reads the thumbprint in the path: the one text of 32 bytes (RFC 7638).
func keyID(r *http.Request) (string, error) {
	text := chi.URLParam(r, "kid")
	if b, err := base64.RawURLEncoding.Strict().DecodeString(text); err != nil || len(b) != 32 || len(text) != 43 {
		return "", tokens.ErrKeyNotFound
	}
	return text, nil
}

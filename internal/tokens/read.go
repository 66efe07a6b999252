package tokens

import (
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
)

const (
	// maxLifetime is what verifiers allow, and what AUTHD_ACCESS_TTL is bounded by.
	maxLifetime = time.Hour
	// leeway is what verifiers allow for clocks that differ. authd needs it when its store was replaced by
	// one whose clock is behind.
	leeway = 30 * time.Second
	// maxEpoch is the greatest number that every reader of JSON has exactly (RFC 8259, section 6).
	maxEpoch = 1<<53 - 1
)

// decodeSegment decodes base64url without padding so that exactly one text is valid for given bytes:
// unused bits must be zero, and the line breaks that Go's decoder skips are refused.
func decodeSegment(text string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err == nil && base64.RawURLEncoding.EncodedLen(len(b)) != len(text) {
		err = errors.New("characters outside of the alphabet")
	}
	return b, err
}

// readClaims decodes a payload that one of our keys has signed. It is read as a verifier reads it, by
// the strict decoder (docs/decisions/strict-json.md): a token that two readers understand differently
// must not be good here and bad there. Claims that are not known are passed over, because a newer authd
// may run beside this one.
func readClaims(body []byte) (c claims, ok bool) {
	var read struct {
		claims
		Epoch *int64 `json:"epoch"` // nothing said is not the epoch 0
	}
	if json.Unmarshal(body, &read) != nil || read.Epoch == nil {
		return c, false
	}
	c = read.claims
	c.Epoch = *read.Epoch
	named := c.ID != "" && c.Client != "" && len(c.Audience) > 0
	return c, named && c.Epoch >= 0 && c.Epoch <= maxEpoch
}

// timely reports whether a token may be used at the store's clock. authd allows no leeway at the end:
// it is its own clock that the end was taken from.
func (c *claims) timely(clock time.Time) bool {
	lifetime := c.Expiry - c.IssuedAt
	return clock.Unix() < c.Expiry && clock.Add(leeway).Unix() >= max(c.IssuedAt, c.NotBefore) &&
		lifetime >= 0 && lifetime <= int64(maxLifetime/time.Second)
}

// isFor reports whether the token is meant for somebody whom this authd makes tokens for.
func (c *claims) isFor(ours []string) bool {
	return slices.ContainsFunc(c.Audience, func(one string) bool { return slices.Contains(ours, one) })
}

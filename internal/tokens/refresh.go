package tokens

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/authd/authd/internal/auth"
)

// A refresh token is art_ and the base64url text of
//
//	secret_version(1) · sid(16) · generation(4) · secret(32) · tag(16)
//
// where tag is HMAC-SHA-256 of everything before it, cut to 16 bytes. The tag makes a token prove
// itself: a forged one is refused without touching the store, and a genuine one of any generation can
// be told from a guess although only the last two hashes are kept. 69 bytes fill 92 characters without
// unused bits, so exactly one text is valid for a token.
const (
	refreshPrefix = "art_"
	refreshBytes  = 1 + 16 + 4 + 32 + 16
	refreshTag    = 16
	refreshLen    = len(refreshPrefix) + refreshBytes/3*4
)

// refreshToken is a presented token whose tag was found genuine.
type refreshToken struct {
	version    uint8
	session    auth.SessionID
	generation uint32
	secret     [32]byte
}

// refreshKeys are the two keys that come from one version of the sealed secret "refresh".
type refreshKeys struct {
	tag    keyed // K_tag: proves that a token is ours
	rotate keyed // K_rotate: makes successors. Without the parent's secret it opens nothing
}

// hash is what the row keeps of a token. The secret has 256 random bits, so nothing slower is needed.
func (t *refreshToken) hash() [32]byte { return sha256.Sum256(t.secret[:]) }

// text writes the token, with its tag under keys.
func (t *refreshToken) text(keys refreshKeys) string {
	var b [refreshBytes]byte
	b[0] = t.version
	copy(b[1:17], t.session[:])
	binary.BigEndian.PutUint32(b[17:21], t.generation)
	copy(b[21:53], t.secret[:])
	tag := keys.tagOf(b[:53])
	copy(b[53:], tag[:])
	text := append(make([]byte, 0, refreshLen), refreshPrefix...)
	return string(base64.RawURLEncoding.AppendEncode(text, b[:]))
}

// authenticity is what parseRefresh finds.
type authenticity int

const (
	forged         authenticity = iota // not written by this service, to the last bit
	versionUnknown                     // well-formed, and names a secret that is not loaded
	genuine
)

// parseRefresh reads a token's text. keysOf returns the keys of a secret's version.
func parseRefresh(text string, keysOf func(version uint8) (refreshKeys, bool)) (t refreshToken, a authenticity) {
	if len(text) != refreshLen || !strings.HasPrefix(text, refreshPrefix) {
		return t, forged
	}
	b, err := decodeSegment(text[len(refreshPrefix):])
	if err != nil {
		return t, forged
	}
	keys, known := keysOf(b[0])
	if !known {
		return t, versionUnknown
	}
	if tag := keys.tagOf(b[:53]); !hmac.Equal(tag[:], b[53:]) {
		return t, forged
	}
	t.version = b[0]
	copy(t.session[:], b[1:17])
	t.generation = binary.BigEndian.Uint32(b[17:21])
	copy(t.secret[:], b[21:53])
	return t, genuine
}

// successor makes the token that follows parent: the same one whenever it is asked with the same
// nonce, which is how a lost answer is given again without having been stored.
func successor(parent *refreshToken, nonce [32]byte, version uint8, keys refreshKeys) refreshToken {
	next := refreshToken{version: version, session: parent.session, generation: parent.generation + 1}
	message := make([]byte, 0, 16+4+32+32)
	message = append(message, parent.session[:]...)
	message = binary.BigEndian.AppendUint32(message, next.generation)
	message = append(message, nonce[:]...)
	message = append(message, parent.secret[:]...)
	next.secret = keys.rotate.sum(message)
	return next
}

func (k refreshKeys) tagOf(message []byte) (tag [refreshTag]byte) {
	sum := k.tag.sum(message)
	copy(tag[:], sum[:])
	return tag
}

package api

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// keysCaching is the Cache-Control of the key set. A cache that cannot reach authd may go on with the set
// that it has for as long again: to refuse every token because authd restarts would be worse. Keys wait
// for both before they sign, and one that was killed is refused by the feed, whatever caches have.
func keysCaching(maxAge time.Duration) []string {
	seconds := int64(maxAge / time.Second)
	return []string{fmt.Sprintf("public, max-age=%d, stale-if-error=%d", seconds, seconds)}
}

var mediaKeySet = []string{"application/jwk-set+json"}

func (a *api) jwks(x *exchange, r *http.Request) error {
	keys, tag := a.Keys.JWKS()
	document{mediaKeySet, a.keysCaching, keys, tag}.send(x, r)
	return nil
}

func (a *api) contract(x *exchange, r *http.Request) error {
	a.contractText.send(x, r)
	return nil
}

// document is a text that is the same for everybody, with what is said of it.
type document struct {
	mediaType, caching []string // header values, which nobody writes to
	text               []byte
	tag                string
}

func newDocument(mediaType, caching string, text []byte) document {
	return document{[]string{mediaType}, []string{caching}, text, entityTag(text)}
}

// send answers with the text, or with 304 if the client's copy is the same (RFC 9110, section 13.1.2).
func (d document) send(x *exchange, r *http.Request) {
	h := x.Header()
	h["Cache-Control"] = d.caching
	h["Etag"] = []string{d.tag}
	for _, tags := range r.Header["If-None-Match"] {
		if matches(tags, d.tag) {
			x.WriteHeader(http.StatusNotModified)
			return
		}
	}
	x.sendText(http.StatusOK, d.mediaType, d.text)
}

// matches compares weakly, as If-None-Match does: a proxy that compresses marks the tag it passes on
// as weak. Our tags have no comma in them, so a list can be cut at commas.
func matches(tags, tag string) bool {
	for candidate := range strings.SplitSeq(tags, ",") {
		candidate = strings.Trim(candidate, " \t")
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == tag {
			return true
		}
	}
	return false
}

// entityTag is a strong tag: it changes when a byte of text does.
func entityTag(text []byte) string {
	sum := sha256.Sum256(text)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
}

package fake

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"
)

// Issuer is what every Authd calls itself.
const Issuer = "https://auth.example.com"

// Audience is what its tokens are for.
const Audience = "https://api.example.com"

// Authd is an authd in memory. Its methods may be called while it serves.
type Authd struct {
	mu        sync.Mutex
	keys      []*Key // the first signs; all are published
	feedID    string
	kills     []kill
	changed   chan struct{} // closed at the next change, and replaced
	requests  map[string]int
	intercept func(http.ResponseWriter, *http.Request) bool
	frozen    time.Time // as_of, if it stands still
	pageSize  int
}

// New returns an authd with two keys, of which the first signs, and no kills.
func New() *Authd {
	return &Authd{keys: []*Key{NewKey("ES256"), NewKey("ES256")}, feedID: Base64(random(12)),
		changed: make(chan struct{}), requests: make(map[string]int), pageSize: 16_384}
}

// Key returns the key that signs.
func (a *Authd) Key() *Key {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.keys[0]
}

// Keys returns all keys, the one that signs first.
func (a *Authd) Keys() []*Key {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.keys)
}

// SetKeys replaces the keys.
func (a *Authd) SetKeys(keys ...*Key) { a.change(func() { a.keys = keys }) }

// Claims are those of a good token of a session, with some of them changed; nil removes one.
func (a *Authd) Claims(changes JSON) JSON {
	now := time.Now().Unix()
	claims := JSON{
		"iss": Issuer, "aud": Audience, "sub": "019aabfc-5be4-7d5a-9d0f-3c41a4f0c2ee", "client_id": "authd",
		"sid": "AZqr_FvkfVqdDzxBpPDC7g", "jti": Base64(random(12)), "iat": now, "exp": now + 300,
		"auth_time": now, "epoch": 3,
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

// Token signs [Authd.Claims].
func (a *Authd) Token(changes JSON) string {
	return a.Key().Sign("at+jwt", must(json.Marshal(a.Claims(changes))))
}

// Intercept lets f answer requests first; it returns whether it did. Nil ends that.
func (a *Authd) Intercept(f func(http.ResponseWriter, *http.Request) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.intercept = f
}

// Requests returns how many requests there were for a path.
func (a *Authd) Requests(path string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.requests[path]
}

// ServeHTTP is the public listener.
func (a *Authd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.requests[r.URL.Path]++
	intercept := a.intercept
	a.mu.Unlock()
	if intercept != nil && intercept(w, r) {
		return
	}
	switch r.URL.Path {
	case "/.well-known/jwks.json":
		a.serveKeys(w, r)
	case "/revocations":
		a.serveFeed(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (a *Authd) serveKeys(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	set := struct {
		Keys []JSON `json:"keys"`
	}{}
	etag := `"`
	for _, k := range a.keys {
		set.Keys = append(set.Keys, k.JWK())
		etag += k.KID
	}
	a.mu.Unlock()
	etag += `"`
	w.Header().Set("ETag", etag)
	w.Header().Set("Cache-Control", "public, max-age=300")
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_ = json.NewEncoder(w).Encode(set)
}

// Client returns a client whose requests an authd answers, or any other handler, without a network.
func Client(h http.Handler) *http.Client { return &http.Client{Transport: transport{h}} }

type transport struct{ http.Handler }

// RoundTrip answers when the handler has, or when the request's context ends.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := make(chan *http.Response, 1)
	go func() {
		w := httptest.NewRecorder()
		t.ServeHTTP(w, r)
		answer <- w.Result()
	}()
	select {
	case response := <-answer:
		return response, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func (a *Authd) change(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
	close(a.changed)
	a.changed = make(chan struct{})
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

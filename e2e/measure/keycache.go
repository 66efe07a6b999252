//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

// keyCache is the verifier that is surprised most easily: it knows nothing but the key set, uses one for as
// long as two caches in a row may (its max-age, twice), and does not look again for a key that it does not
// know.
type keyCache struct {
	client *http.Client
	url    string
	parser *jwt.Parser

	mu    sync.Mutex
	until time.Time
	keys  keyfunc.Keyfunc
}

func newKeyCache(client *http.Client, url string) *keyCache {
	return &keyCache{client: client, url: url + "/.well-known/jwks.json", parser: jwt.NewParser(
		jwt.WithIssuer(issuer), jwt.WithAudience(issuer), jwt.WithExpirationRequired(),
		jwt.WithValidMethods([]string{"ES256", "EdDSA"}))}
}

func (c *keyCache) check(ctx context.Context, token string) error {
	keys, err := c.current(ctx)
	if err != nil {
		return err
	}
	_, err = c.parser.Parse(token, keys.Keyfunc)
	return err
}

func (c *keyCache) current(ctx context.Context) (keyfunc.Keyfunc, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Now().Before(c.until) {
		return c.keys, nil
	}
	asked := time.Now()
	set, err := c.fetch(ctx)
	if err != nil {
		return nil, err
	}
	if c.keys, err = keyfunc.NewJWKSetJSON(set); err != nil {
		return nil, err
	}
	c.until = asked.Add(2 * keyMaxAge)
	return c.keys, nil
}

func (c *keyCache) fetch(ctx context.Context) (json.RawMessage, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url, nil)
	if err != nil {
		return nil, err
	}
	response, err := c.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: got %d", c.url, response.StatusCode)
	}
	return io.ReadAll(response.Body)
}

// count returns how many keys are published.
func (c *keyCache) count(ctx context.Context) (int, error) {
	text, err := c.fetch(ctx)
	if err != nil {
		return 0, err
	}
	var set struct{ Keys []json.RawMessage }
	err = json.Unmarshal(text, &set)
	return len(set.Keys), err
}

//go:build unix

package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// What the instances are told. Keys turn as fast as the least max-age lets them, and the two do not agree
// on how fast and to what: whoever is more impatient turns the key, and its algorithm is of whoever made it.
const (
	keyMaxAge = time.Second
	accessTTL = 15 * time.Second
)

// rotation measures whether anybody notices that keys turn: clients that refresh all the time, verifiers
// that follow the feed, and verifiers that know nothing but a cached key set. At the end the active key is
// killed.
type rotation struct {
	duration time.Duration
	sessions int
}

func (r *rotation) flags(set *flag.FlagSet) {
	set.DurationVar(&r.duration, "for", 4*time.Minute, "for how long to let keys turn; what retires is gone after two and a half minutes")
	set.IntVar(&r.sessions, "sessions", 16, "how many clients refresh at once")
}

func (r *rotation) settings() [][]string {
	both := []string{"AUTHD_JWKS_MAX_AGE=" + keyMaxAge.String(), "AUTHD_ACCESS_TTL=" + accessTTL.String()}
	return [][]string{
		append([]string{"AUTHD_KEY_ROTATION=4s", "AUTHD_SIGNING_ALG=ES256"}, both...),
		append([]string{"AUTHD_KEY_ROTATION=5s", "AUTHD_SIGNING_ALG=EdDSA"}, both...),
	}
}

func (r *rotation) run(ctx context.Context, w *world) (_ string, err error) {
	guards, stop, err := w.follow(ctx, 0, 1)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, stop()) }()
	t := &turning{rotation: r, world: w, guards: guards, signed: make(map[string]int)}
	for _, i := range w.instances {
		t.caches = append(t.caches, newKeyCache(w.client, i.url))
	}
	if t.clients, err = w.signIn(ctx, "ada", r.sessions); err != nil {
		return "", err
	}
	if err := t.refreshAll(ctx); err != nil {
		return "", err
	}
	if t.kill, err = t.killActive(ctx); err != nil {
		return "", err
	}
	if t.published, err = t.caches[0].count(ctx); err != nil {
		return "", err
	}
	return t.String(w.machine(ctx)), t.missed()
}

// turning is a run, and what was seen in it.
type turning struct {
	*rotation
	world   *world
	guards  []guard
	caches  []*keyCache
	clients []session

	mu        sync.Mutex
	signed    map[string]int // tokens by the kid that signed them
	refreshes int
	early     int // checks of a token at each verifier, right after it was made
	late      int // and shortly before it ends
	refused   []error
	kill      killed
	published int // keys in the set at the end
}

// refreshAll lets every client refresh as often as it can, at the instances in turn.
func (t *turning) refreshAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, t.duration)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	for n := range t.clients {
		g.Go(func() error {
			c := &client{turning: t, session: &t.clients[n]}
			for turn := n; ctx.Err() == nil; turn++ {
				if err := c.once(ctx, turn%len(t.world.instances)); err != nil && ctx.Err() == nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// client refreshes one session, and shows each access token twice.
type client struct {
	*turning
	session *session
	held    []heldToken // oldest first
}

type heldToken struct {
	token string
	again time.Time // when it is shown again
}

func (c *client) once(ctx context.Context, at int) error {
	// An answer that the end of the run cuts off is asked for again, with the same token.
	next, err := c.world.refresh(context.WithoutCancel(ctx), c.world.instances[at], *c.session)
	if err != nil {
		return err
	}
	*c.session = next
	now := time.Now()
	c.held = append(c.held, heldToken{next.Access, now.Add(accessTTL - 2*time.Second)})
	early, late := c.show(ctx, next.Access), 0
	for len(c.held) > 0 && now.After(c.held[0].again) {
		late += c.show(ctx, c.held[0].token)
		c.held = c.held[1:]
	}
	c.count(next.Access, early, late)
	pause := time.NewTimer(rand.N(20 * time.Millisecond))
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
	}
	return nil
}

// show shows a token to every verifier.
func (t *turning) show(ctx context.Context, token string) (checks int) {
	ctx = context.WithoutCancel(ctx)
	for _, g := range t.guards {
		if _, err := g.Token(ctx, token); err != nil {
			t.refuse(fmt.Errorf("a verifier at instance %d: %w", g.on, err))
		}
	}
	for n, cache := range t.caches {
		if err := cache.check(ctx, token); err != nil {
			t.refuse(fmt.Errorf("a cached key set of instance %d: %w", n, err))
		}
	}
	return len(t.guards) + len(t.caches)
}

func (t *turning) refuse(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused = append(t.refused, err)
}

func (t *turning) count(token string, early, late int) {
	h := headerOf(token)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.signed[h.Kid+" "+h.Alg]++
	t.refreshes++
	t.early += early
	t.late += late
}

// refresh returns the next pair.
func (w *world) refresh(ctx context.Context, i *instance, s session) (next session, err error) {
	answer, err := w.post(ctx, i, "/refresh", http.StatusOK, map[string]string{"refresh_token": s.Refresh})
	if err != nil {
		return s, err
	}
	return next, json.Unmarshal(answer, &next)
}

// header is what a token says of its signature.
type header struct{ Kid, Alg string }

func headerOf(token string) (h header) {
	text, _, _ := strings.Cut(token, ".")
	b, _ := base64.RawURLEncoding.DecodeString(text)
	_ = json.Unmarshal(b, &h) // what is no header has no kid
	return h
}

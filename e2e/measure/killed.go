//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/authd/authd/verify"
)

// killed is what became of a kill of the active key.
type killed struct {
	obeyed    time.Duration // from the end of the command until the last verifier refused its tokens
	refreshed int           // clients that got a token of another key with the refresh token that they had
	took      time.Duration // from the end of the command until the last of them had it accepted everywhere
}

// killActive kills the key that signs, by the command that an operator would use.
func (t *turning) killActive(ctx context.Context) (k killed, err error) {
	first := &t.clients[0]
	if *first, err = t.world.refresh(ctx, t.world.instances[0], *first); err != nil {
		return k, err
	}
	kid := headerOf(first.Access).Kid
	if _, err := t.world.command(ctx, "keys", "kill", "--yes", "--", kid); err != nil {
		return k, err
	}
	zero := time.Now()
	took, err := watch(ctx, t.guards, first.Access, zero)
	if err != nil {
		return k, err
	}
	k.obeyed = slices.Max(took)
	for n := range t.clients {
		if err := t.regain(ctx, &t.clients[n], n%len(t.world.instances), kid); err != nil {
			return k, fmt.Errorf("client %d: %w", n, err)
		}
		k.refreshed++
	}
	k.took = time.Since(zero)
	return k, nil
}

// regain refreshes until every verifier takes the token: an instance that has not heard of the kill yet may
// sign with the dead key once more, and a client that is told 401 for it refreshes again.
func (t *turning) regain(ctx context.Context, s *session, at int, kid string) (err error) {
	for began := time.Now(); time.Since(began) < patience; {
		if *s, err = t.world.refresh(ctx, t.world.instances[at], *s); err != nil {
			return err
		}
		if headerOf(s.Access).Kid == kid {
			continue
		}
		for _, g := range t.guards {
			_, refused := g.Token(ctx, s.Access)
			err = errors.Join(err, refused)
		}
		if !errors.Is(err, verify.ErrRevoked) {
			return err
		}
	}
	return fmt.Errorf("no token of another key after %v", patience)
}

//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// stock is an authd and what clients hold of its sessions.
type stock struct {
	instance *instance
	settings []string // of the instance: where its store is
	table    table
	keyring  *tokens.Keyring
	staying  []token // refreshed
	leaving  []token // logged out, and brought back between two turns
	invited  bool    // visitors may sign in
}

// token is the text of a refresh token. A million of them are one piece of memory without pointers.
type token [tokenBytes]byte

// table is where rows go that nobody signed in for.
type table interface {
	tokens.KeyringStore
	// addUsers and addSessions write rows as the store would.
	addUsers(ctx context.Context, users []auth.UserID) error
	addSessions(ctx context.Context, seeds []seed) error
	// revive makes sessions live that were ended.
	revive(ctx context.Context) error
	// settle tells the planner what is there, and leaves no work to others.
	settle(ctx context.Context) error
	close() error
}

const (
	perUser = 100    // sessions, the most that a user may have
	chunk   = 20_000 // sessions that are written at once
)

// openStock makes a store, which authd migrates and gives its keys, and reads the keys that make refresh tokens. The
// table may be filled while nothing serves.
func (w *world) openStock(ctx context.Context, settings []string, open func(context.Context) (table, error)) (s *stock, err error) {
	first, err := w.serve(ctx, settings...)
	if err != nil {
		return nil, err
	}
	if err := w.end(first); err != nil {
		return nil, err
	}
	s = &stock{settings: settings}
	if s.table, err = open(ctx); err != nil {
		return nil, err
	}
	s.keyring, err = tokens.OpenKeyring(ctx, tokens.KeyringConfig{
		Store: s.table, MasterKeys: [][]byte{w.master}, AccessTTL: 5 * time.Minute, JWKSMaxAge: 5 * time.Minute,
		Random: rand.Reader, Now: time.Now,
	})
	return s, err
}

// grow adds sessions until clients hold n.
func (s *stock) grow(ctx context.Context, n int) error {
	return s.add(ctx, &s.staying, n)
}

// add writes sessions until there are n in held.
func (s *stock) add(ctx context.Context, held *[]token, n int) error {
	for len(*held) < n {
		more := min(chunk, n-len(*held))
		users := make([]auth.UserID, (more+perUser-1)/perUser)
		for i := range users {
			var err error
			if users[i], err = auth.NewUserID(time.Now(), rand.Reader); err != nil {
				return err
			}
		}
		if err := s.table.addUsers(ctx, users); err != nil {
			return fmt.Errorf("add users: %w", err)
		}
		seeds, err := mint(ctx, s.keyring, users, more)
		if err != nil {
			return fmt.Errorf("mint sessions: %w", err)
		}
		if err := s.table.addSessions(ctx, seeds); err != nil {
			return fmt.Errorf("add sessions: %w", err)
		}
		for i := range seeds {
			*held = append(*held, seeds[i].token)
		}
	}
	return s.table.settle(ctx)
}

func (s *stock) close() error {
	if s == nil || s.table == nil {
		return nil
	}
	return s.table.close()
}

// part of held is client n's own.
func part(held []token, n, clients int) []token {
	return held[n*len(held)/clients : (n+1)*len(held)/clients]
}

var errNoPair = errors.New("no token pair in the answer")

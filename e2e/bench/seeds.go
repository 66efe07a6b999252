//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// tokenBytes is the length of a refresh token, which never changes.
const tokenBytes = 96

// seed is a session with its live refresh token.
type seed struct {
	row   tokens.Session
	token [tokenBytes]byte
}

// minter opens sessions by authd's own law, and keeps their rows instead of storing them: a million logins one by
// one would take the night.
type minter struct {
	tokens.Store // never asked: whatever is not below is a fault
	owner        tokens.User
	opened       *tokens.Session
}

func (m *minter) LoadUser(context.Context, auth.UserID) (tokens.User, []tokens.Session, time.Time, bool, error) {
	return m.owner, nil, time.Now(), true, nil
}

func (m *minter) ChangeUser(_ context.Context, change tokens.UserChange, _ uint64) (bool, error) {
	row := *change.Open
	m.opened = &row
	return true, nil
}

// upToDate is a feed that has just been read.
type upToDate struct{}

func (upToDate) Check(revocation.Token) revocation.Verdict { return revocation.Alive }
func (upToDate) Stale() bool                               { return false }
func (upToDate) Clock() time.Time                          { return time.Now() }
func (upToDate) Wake()                                     {}
func (upToDate) Sync(context.Context)                      {}

// mint opens a session for each of the users in turn, until there are n.
func mint(ctx context.Context, keyring *tokens.Keyring, users []auth.UserID, n int) ([]seed, error) {
	seeds := make([]seed, n)
	workers := runtime.GOMAXPROCS(0)
	failed := make([]error, workers)
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			m := &minter{}
			sessions, err := m.sessions(keyring)
			for i := worker; i < n && err == nil; i += workers {
				err = m.mint(ctx, sessions, users[i%len(users)], &seeds[i])
			}
			failed[worker] = err
		})
	}
	group.Wait()
	return seeds, errors.Join(failed...)
}

func (m *minter) sessions(keyring *tokens.Keyring) (*tokens.Sessions, error) {
	return tokens.New(tokens.Config{
		Store: m, Keyring: keyring, Live: upToDate{}, Issuer: issuer, Audience: []string{issuer},
		Policy: tokens.Policy{AccessTTL: 5 * time.Minute, RefreshIdleTTL: 7 * 24 * time.Hour, SessionTTL: 30 * 24 * time.Hour,
			RetryWindow: time.Minute, PerUser: 100},
		Random: rand.Reader, Now: time.Now, Record: audit.Discard,
	})
}

func (m *minter) mint(ctx context.Context, sessions *tokens.Sessions, user auth.UserID, into *seed) error {
	m.owner = tokens.User{ID: user, Epoch: 1, RowVersion: 1}
	pair, err := sessions.Open(ctx, tokens.Opening{User: user, Epoch: 1, Version: 1, Origin: tokens.Origin{
		Device: "a telephone", UserAgent: "Mozilla/5.0 (X11; Linux x86_64)", Address: netip.AddrFrom4([4]byte{192, 0, 2, 7}),
	}})
	if err != nil {
		return err
	}
	if copy(into.token[:], pair.RefreshToken) != tokenBytes || len(pair.RefreshToken) != tokenBytes {
		return fmt.Errorf("a refresh token of %d bytes", len(pair.RefreshToken))
	}
	into.row = *m.opened
	return nil
}

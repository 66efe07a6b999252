package main

import (
	"context"
	"crypto/rand"
	"errors"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/password"
	"github.com/authd/authd/internal/tokens"
)

// desk is what operators' commands work with. They open the store beside a server that may be running,
// which obeys what they do because it follows the store.
type desk struct {
	users    *accounts.Accounts
	sessions *tokens.Sessions
	keys     *tokens.Keyring
	store    store
}

// byCommand is the origin of what a command does.
var byCommand = tokens.Origin{Actor: audit.CLI}

// deskSettings is what a command on the store needs to know.
type deskSettings struct {
	storeSettings
	masterKeySettings
	// SigningAlg is empty when it was not set: the shell of an operator need not have the servers' settings.
	SigningAlg string `words:"ES256 EdDSA RS256" placeholder:"ALG" otherwise:"that of the newest key" help:"Algorithm of a signing key, should one have to be made."`
}

func (s *deskSettings) settle(f *faults) {
	s.storeSettings.settle(f)
	s.masterKeySettings.settle(f, s.postgres())
}

// nothingHashed is for commands that set no password.
var nothingHashed = passwordSettings{BcryptCost: 10, PasswordMinLength: 8}

// with runs do at a desk that sets no password.
func (s *deskSettings) with(ctx context.Context, do func(context.Context, *desk) error) error {
	return s.withPasswords(ctx, nothingHashed, do)
}

func (s *deskSettings) withPasswords(ctx context.Context, p passwordSettings, do func(context.Context, *desk) error) (err error) {
	st, err := s.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	// A server may be running beside this: its schema is not changed under it.
	if err := bringUp(ctx, st, false); err != nil {
		return err
	}
	keys, err := s.given(&s.storeSettings)
	if err != nil {
		return err
	}
	record := audit.NewCommand(st, time.Now, rand.Reader)
	// Nothing is signed here, so the shortest lifetimes are said, which raise nothing in the store.
	ring, err := openKeyring(ctx, st, keys, tokenSettings{AccessTTL: time.Second, JWKSMaxAge: time.Second}, keySettings{s.SigningAlg}, record.Record, nil)
	if err != nil {
		return err
	}
	d, hasher, err := newDesk(st, ring, p, record.Record)
	if err != nil {
		return err
	}
	hashing, stop := context.WithCancel(ctx)
	g, hashing := errgroup.WithContext(hashing)
	g.Go(func() error { return hasher.Run(hashing) })
	err = do(ctx, d)
	stop()
	return errors.Join(err, g.Wait(), unrecorded(record))
}

// newDesk builds the parts, and the hasher that must run meanwhile.
func newDesk(st store, ring *tokens.Keyring, p passwordSettings, record audit.Sink) (*desk, *password.Hasher, error) {
	peppers := accounts.Peppers{Keyring: ring}
	hasher, err := password.New(password.Config{Cost: p.BcryptCost, Workers: runtime.GOMAXPROCS(0),
		Peppers: peppers, Random: rand.Reader, Now: time.Now})
	if err != nil {
		return nil, nil, err
	}
	// Sessions are only ended here. Who opens one says what tokens are to look like; this does not.
	const nobody = "nobody"
	sessions, err := tokens.New(tokens.Config{Store: st, Keyring: ring, Issuer: nobody, Audience: []string{nobody},
		Policy: tokens.Policy{AccessTTL: time.Second, RefreshIdleTTL: time.Second, SessionTTL: time.Second, RetryWindow: time.Second, PerUser: 1},
		Random: rand.Reader, Now: time.Now, Record: record})
	if err != nil {
		return nil, nil, err
	}
	users, err := accounts.New(accounts.Config{Store: st, Sessions: sessions, Hasher: hasher,
		Policy: password.Policy{MinLength: p.PasswordMinLength}, Cost: p.BcryptCost, Now: time.Now, Random: rand.Reader, Record: record,
		CounterKey: peppers.CounterKey}) // nothing is compared at a desk, so nothing is limited, but users are unlocked
	return &desk{users, sessions, ring, st}, hasher, err
}

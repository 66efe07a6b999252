package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/authd/authd"
	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/password"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// contract is openapi.yaml, as GET /openapi.yaml sends it.
var contract = authd.OpenAPI

// service is the parts that stand on one open store.
type service struct {
	meters   *meters
	record   audit.Sink // the log, the counters and the audit
	store    store
	writer   *audit.Writer
	keyring  *tokens.Keyring
	hasher   *password.Hasher
	live     *revocation.Follower
	feed     *revocation.Feed
	sessions *tokens.Sessions
	accounts *accounts.Accounts
	headroom *headroom
}

// build opens the store and puts the parts together. It starts none of them.
func (c *serveCmd) build(ctx context.Context, log *slog.Logger, keys []auth.Secret, workers int, m *meters) (_ *service, err error) {
	s := &service{meters: m, headroom: newHeadroom()}
	if s.store, err = c.open(ctx, m.storeFailed); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.store.Close())
		}
	}()
	if err = bringUp(ctx, s.store, c.migrates()); err != nil {
		return nil, err
	}
	if s.writer, err = newWriter(s.store, log, m.dropped.Add); err != nil {
		return nil, err
	}
	told := audit.Each(m.record, s.writer.Record)
	record := audit.Each(recordIn(log), told)
	s.record = record
	if s.keyring, err = openKeyring(ctx, s.store, keys, c.tokenSettings, c.keySettings, record, keysFailed(log)); err != nil {
		return nil, err
	}
	peppers := accounts.Peppers{Keyring: s.keyring}
	s.hasher, err = password.New(password.Config{Cost: c.BcryptCost, Workers: workers, Peppers: peppers,
		Random: rand.Reader, Now: time.Now, Waited: m.waited})
	if err != nil {
		return nil, err
	}
	if s.live, err = follow(s.store, s.keyring, c.AccessTTL, log, told, s.headroom.holds); err != nil {
		return nil, err
	}
	s.feed, err = revocation.NewFeed(revocation.FeedConfig{Live: s.live, Signer: s.keyring, Issuer: c.Issuer, Now: time.Now, MaxHeld: heldPolls(openFiles())})
	if err != nil {
		return nil, err
	}
	s.sessions, err = tokens.New(tokens.Config{
		Store: s.store, Keyring: s.keyring, Live: s.live, Issuer: c.Issuer, Audience: c.Audience,
		Policy: tokens.Policy{
			AccessTTL: c.AccessTTL, RefreshIdleTTL: c.RefreshIdleTTL, SessionTTL: c.SessionTTL,
			RetryWindow: c.RetryWindow, PerUser: c.SessionsPerUser,
		},
		Random: rand.Reader, Now: time.Now, Record: record, Meter: m.tokens(),
	})
	if err != nil {
		return nil, err
	}
	s.accounts, err = accounts.New(accounts.Config{
		Store: s.store, Sessions: s.sessions, Hasher: s.hasher,
		Policy: password.Policy{MinLength: c.PasswordMinLength}, Cost: c.BcryptCost,
		Closed: c.Registration == "closed", Now: time.Now, Random: rand.Reader, Record: record,
		Limits: accounts.Limits{Account: c.ThrottleAccount, Source: c.ThrottleSource}, CounterKey: peppers.CounterKey,
	})
	return s, err
}

// maxSkew is how far this process's clock may be from the store's. Decisions take the store's alone,
// but deadlines and the collector take this one too.
const maxSkew = 5 * time.Second

var (
	errStoreUnreachable = &auth.Error{Kind: auth.Unavailable, Code: "store_unreachable", Public: "The store cannot be reached."}
	errClockSkew        = &auth.Error{Kind: auth.Unavailable, Code: "clock_skew", Public: "The clocks of server and store differ."}
	errNotRead          = &auth.Error{Kind: auth.Unavailable, Code: "revocations_loading", Public: "The feed of revocations is being read."}
	errStaleFeed        = &auth.Error{Kind: auth.Unavailable, Code: "revocations_stale", Public: "The feed of revocations was not read for too long."}
	errStaleKeys        = &auth.Error{Kind: auth.Unavailable, Code: "keyring_stale", Public: "The keyring could not be read again for too long."}
	errSchemaMismatch   = &auth.Error{Kind: auth.Unavailable, Code: "schema_mismatch", Public: "The schema is older than this build needs."}
)

// ready returns nil if requests can be served. The keyring was opened before there was a service.
func (s *service) ready(ctx context.Context) error {
	before := time.Now()
	clock, err := s.store.Clock(ctx)
	if err != nil {
		return errStoreUnreachable.Because(err)
	}
	after := time.Now()
	have, want, err := s.store.Schema(ctx)
	if err != nil {
		return errStoreUnreachable.Because(err)
	}
	var faults []error
	// The store read its clock at some time between the two, so a slow answer is not a skew.
	if clock.Before(before.Add(-maxSkew)) || clock.After(after.Add(maxSkew)) {
		faults = append(faults, errClockSkew.Because(fmt.Errorf("the store's clock is %v ahead", clock.Sub(after).Round(time.Millisecond))))
	}
	// An upgrade migrates first, and migrations work with the release before. Would instances of that
	// release say no then, all would at once.
	if have < want {
		faults = append(faults, errSchemaMismatch.Because(checkSchema(have, want)))
	}
	switch age, loaded := s.live.Age(); {
	case !loaded:
		faults = append(faults, errNotRead)
	case age > revocation.MaxStaleness:
		faults = append(faults, errStaleFeed)
	case s.live.KeyringStale():
		faults = append(faults, errStaleKeys)
	}
	return errors.Join(faults...)
}

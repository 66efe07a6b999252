package api

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"net/http"
	"net/netip"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/password"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/store/sqlite"
	"github.com/authd/authd/internal/tokens"
)

const (
	testCost       = 4 // bcrypt's least: these tests are not about how long it takes
	testAccessTTL  = 5 * time.Minute
	testIdleTTL    = 7 * 24 * time.Hour
	testSessionTTL = 30 * 24 * time.Hour
	testWindow     = time.Minute
	testIssuer     = "https://issuer.test"
)

var testAudience = []string{"https://api.test"}

// testPages are the origins whose pages may ask.
var testPages = []PageOrigin{"https://app.test", "https://other.test:8443"}

// testProxies are what both listeners of a world trust, and testProxy comes from there.
var testProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}

const testProxy = "10.0.0.7:4711"

// watched is a real store whose clock can be moved, and which counts the writes it is asked for.
type watched struct {
	*sqlite.Store
	later  atomic.Int64 // nanoseconds
	writes atomic.Int64
}

func (s *watched) shift(clock time.Time) time.Time { return clock.Add(time.Duration(s.later.Load())) }

func (s *watched) LoadSessions(ctx context.Context, ids []auth.SessionID) ([]tokens.Loaded, time.Time, error) {
	rows, clock, err := s.Store.LoadSessions(ctx, ids)
	return rows, s.shift(clock), err
}

func (s *watched) LoadUser(ctx context.Context, id auth.UserID) (tokens.User, []tokens.Session, time.Time, bool, error) {
	user, sessions, clock, found, err := s.Store.LoadUser(ctx, id)
	return user, sessions, s.shift(clock), found, err
}

func (s *watched) Follow(ctx context.Context, after int64, limit int) (revocation.Reading, error) {
	r, err := s.Store.Follow(ctx, after, limit)
	r.Clock, r.Head.AsOf = s.shift(r.Clock), s.shift(r.Head.AsOf)
	return r, err
}

func (s *watched) ResetByID(ctx context.Context, id tokens.ResetID) (accounts.Reset, time.Time, bool, error) {
	reset, clock, found, err := s.Store.ResetByID(ctx, id)
	return reset, s.shift(clock), found, err
}

func (s *watched) Counters(ctx context.Context, keys []accounts.CounterKey, user auth.UserID, network netip.Prefix) (
	counters []accounts.Counter, opened, clock time.Time, err error,
) {
	counters, opened, clock, err = s.Store.Counters(ctx, keys, user, network)
	return counters, opened, s.shift(clock), err
}

func (s *watched) Rotate(ctx context.Context, rotations []tokens.Rotation) ([]auth.SessionID, error) {
	s.writes.Add(1)
	return s.Store.Rotate(ctx, rotations)
}

func (s *watched) End(ctx context.Context, deaths []tokens.Death, mark uint64) ([]tokens.Ended, error) {
	s.writes.Add(1)
	return s.Store.End(ctx, deaths, mark)
}

func (s *watched) ChangeUser(ctx context.Context, change tokens.UserChange, mark uint64) (bool, error) {
	s.writes.Add(1)
	return s.Store.ChangeUser(ctx, change, mark)
}

func (s *watched) CreateClient(ctx context.Context, client accounts.ClientCredentials) (time.Time, error) {
	s.writes.Add(1)
	return s.Store.CreateClient(ctx, client)
}

func (s *watched) CreateUser(ctx context.Context, user accounts.User, hash string) (time.Time, error) {
	s.writes.Add(1)
	return s.Store.CreateUser(ctx, user, hash)
}

// world is the whole service behind its handler, on a database of its own.
type world struct {
	http.Handler
	store *watched
	users *accounts.Accounts // for what operators do
	live  *revocation.Follower
	feed  *revocation.Feed
	log   *logged

	operators http.Handler // of the same service
	events    atomic.Int64 // recorded
}

// newWorld starts one. change may close its registration and the like.
func newWorld(t testing.TB, change ...func(*accounts.Config)) *world {
	t.Helper()
	w := &world{store: &watched{Store: openStore(t)}, log: &logged{}}
	keyring, err := tokens.OpenKeyring(t.Context(), tokens.KeyringConfig{
		Store: w.store, MasterKeys: [][]byte{make([]byte, tokens.MasterKeyBytes)},
		AccessTTL: testAccessTTL, JWKSMaxAge: 5 * time.Minute, Alg: tokens.ES256, Random: rand.Reader, Now: time.Now,
		Record: w.record(t),
	})
	must(t, err)
	w.live, err = revocation.New(revocation.Config{Store: w.store, Now: time.Now, MaxTTL: testAccessTTL})
	must(t, err)
	w.feed, err = revocation.NewFeed(revocation.FeedConfig{Live: w.live, Signer: keyring, Issuer: testIssuer, Now: time.Now})
	must(t, err)
	sessions, err := tokens.New(tokens.Config{
		Store: w.store, Keyring: keyring, Live: w.live, Issuer: testIssuer, Audience: testAudience,
		Policy: tokens.Policy{AccessTTL: testAccessTTL, RefreshIdleTTL: testIdleTTL, SessionTTL: testSessionTTL,
			RetryWindow: testWindow, PerUser: 100},
		Random: rand.Reader, Now: time.Now, Record: w.record(t),
	})
	must(t, err)
	hasher, err := password.New(password.Config{Cost: testCost, Peppers: accounts.Peppers{Keyring: keyring},
		Random: rand.Reader, Now: time.Now})
	must(t, err)
	config := accounts.Config{Store: w.store, Sessions: sessions, Hasher: hasher, Cost: testCost, Now: time.Now,
		Random: rand.Reader, Record: w.record(t)}
	for _, alter := range change {
		alter(&config)
	}
	w.users, err = accounts.New(config)
	must(t, err)
	w.Handler, err = New(Config{Accounts: w.users, Sessions: sessions, Clients: w.users, Grants: sessions, Keys: keyring, Feed: w.feed,
		Issuer: testIssuer, Audience: testAudience, JWKSMaxAge: 5 * time.Minute, Proxies: testProxies, Origins: testPages,
		Contract: mustContract(t).text, Logger: w.log.logger(), Now: time.Now, Random: rand.Reader,
		Ready: func(ctx context.Context) error { _, err := w.store.Clock(ctx); return err }})
	must(t, err)
	operators := adminConfig(t)
	operators.Users, operators.Clients, operators.Sessions, operators.Keys = w.users, w.users, sessions, keyring
	operators.Audit, operators.Logger, operators.Proxies = w.store, w.log.logger(), testProxies
	w.operators, err = NewAdmin(operators)
	must(t, err)
	read := w.live.NextPoll()
	run(t, w.live.Run, w.feed.Run, sessions.Run, hasher.Run)
	<-read
	return w
}

// record returns a sink that writes each event into the store before it returns.
func (w *world) record(t testing.TB) audit.Sink {
	return func(ctx context.Context, e audit.Event) {
		if e.At.IsZero() {
			e.At = time.Now()
		}
		e.At, e.Actor = e.At.UTC().Truncate(time.Millisecond), cmp.Or(e.Actor, audit.User)
		r := audit.Record{ID: audit.Since(e.At), Event: e}
		binary.BigEndian.PutUint64(r.ID[8:], uint64(w.events.Add(1))) // those of one millisecond in order
		if err := w.store.AddRecords(context.WithoutCancel(ctx), []audit.Record{r}); err != nil {
			t.Error(err)
		}
	}
}

func openStore(t testing.TB) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "authd.db"), Now: time.Now})
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	must(t, store.Migrate(t.Context()))
	return store
}

// run keeps loops running until the test ends, and waits for them.
func run(t testing.TB, loops ...func(context.Context) error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	g, ctx := errgroup.WithContext(ctx)
	for _, loop := range loops {
		g.Go(func() error { return loop(ctx) })
	}
	t.Cleanup(func() {
		stop()
		must(t, g.Wait())
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pass makes time pass, by the store's clock, which every decision takes its time from.
func (w *world) pass(d time.Duration) {
	w.store.later.Add(int64(d))
	read := w.live.NextPoll()
	w.live.Wake()
	<-read
}

const goodPassword = "correct horse battery"

// register makes a user.
func (w *world) register(t testing.TB, name string) {
	t.Helper()
	var got account
	do(t, w, post("/register", `{"username":"`+name+`","password":"`+goodPassword+`"}`)).into(t, http.StatusCreated, &got)
}

// login opens one more session of a user.
func (w *world) login(t testing.TB, name string) (p pair) {
	t.Helper()
	do(t, w, post("/login", `{"username":"`+name+`","password":"`+goodPassword+`"}`)).into(t, http.StatusOK, &p)
	return p
}

// session makes a user with one session.
func (w *world) session(t testing.TB, name string) pair {
	t.Helper()
	w.register(t, name)
	return w.login(t, name)
}

func (w *world) refresh(t testing.TB, token string) answer {
	t.Helper()
	return do(t, w, post("/refresh", `{"refresh_token":"`+token+`"}`))
}

func (w *world) alive(t testing.TB, p pair) bool {
	t.Helper()
	return do(t, w, get("/me").bearing(p.AccessToken)).status == http.StatusOK
}

// wantNoWrite runs what must leave the store alone.
func (w *world) wantNoWrite(t testing.TB, what string, act func()) {
	t.Helper()
	before := w.store.writes.Load()
	act()
	if got := w.store.writes.Load() - before; got != 0 {
		t.Errorf("%s: %d writes", what, got)
	}
}

// setRoles is an operator's.
func (w *world) setRoles(t testing.TB, name string, roles ...string) {
	t.Helper()
	user, err := w.users.Find(t.Context(), name)
	must(t, err)
	if roles == nil {
		roles = []string{}
	}
	_, err = w.users.Change(t.Context(), user.ID, accounts.Change{Roles: &roles}, tokens.Origin{})
	must(t, err)
}

package tokens_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/store/everystore"
	"github.com/authd/authd/internal/tokens"
)

const (
	retryWindow = time.Minute
	idleTTL     = 7 * 24 * time.Hour
	sessionTTL  = 30 * 24 * time.Hour
	accessTTL   = 5 * time.Minute
	perUser     = 5
)

var home = tokens.Origin{Device: "phone", UserAgent: "test/1", Address: netip.MustParseAddr("192.0.2.7")}

// laterStore moves the clock of a real store. Every decision takes its time from a load, and what is
// decided by nothing from the write, so this is all that it takes to make time pass.
type laterStore struct {
	everystore.Store
	later *atomic.Int64 // nanoseconds, shared by the instances of a test
	calls atomic.Int64  // methods called, whatever they did
}

func (s *laterStore) shift(clock time.Time) time.Time {
	return clock.Add(time.Duration(s.later.Load()))
}

func (s *laterStore) LoadSessions(ctx context.Context, ids []auth.SessionID) ([]tokens.Loaded, time.Time, error) {
	s.calls.Add(1)
	rows, clock, err := s.Store.LoadSessions(ctx, ids)
	return rows, s.shift(clock), err
}

func (s *laterStore) End(ctx context.Context, deaths []tokens.Death, mark uint64) ([]tokens.Ended, error) {
	clock, err := s.Clock(ctx)
	if err != nil {
		return nil, err
	}
	deaths = slices.Clone(deaths)
	for i := range deaths {
		if deaths[i].At.IsZero() {
			deaths[i].At = clock
		}
	}
	return s.Store.End(ctx, deaths, mark)
}

func (s *laterStore) LoadUser(ctx context.Context, id auth.UserID) (tokens.User, []tokens.Session, time.Time, bool, error) {
	user, sessions, clock, found, err := s.Store.LoadUser(ctx, id)
	return user, sessions, s.shift(clock), found, err
}

func (s *laterStore) LoadKeyring(ctx context.Context) (tokens.KeyringRows, error) {
	rows, err := s.Store.LoadKeyring(ctx)
	rows.Clock = s.shift(rows.Clock)
	return rows, err
}

func (s *laterStore) Follow(ctx context.Context, after int64, limit int) (revocation.Reading, error) {
	r, err := s.Store.Follow(ctx, after, limit)
	r.Clock, r.Head.AsOf = s.shift(r.Clock), s.shift(r.Head.AsOf)
	return r, err
}

func (s *laterStore) Clock(ctx context.Context) (time.Time, error) {
	clock, err := s.Store.Clock(ctx)
	return s.shift(clock), err
}

// events collects what was recorded.
type events struct {
	mu  sync.Mutex
	all []audit.Event
}

func (e *events) record(_ context.Context, event audit.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, event)
}

// count returns how many events have a name and, unless it is empty, a reason.
func (e *events) count(name audit.Name, reason audit.Reason) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, event := range e.all {
		if event.Name == name && (reason == "" || event.Reason == reason) {
			n++
		}
	}
	return n
}

// instance is one running service.
type instance struct {
	*tokens.Sessions
	t     testing.TB
	store *laterStore
	live  *revocation.Follower
	events
	stop func()
}

// world is a database with any number of instances on it.
type world struct {
	t     testing.TB
	open  everystore.Database
	later atomic.Int64
}

// pass makes time pass for every instance.
func (w *world) pass(d time.Duration) { w.later.Add(int64(d)) }

// start runs one more instance. change may alter its policy, or put something before its store.
func (w *world) start(change ...func(*tokens.Config)) *instance {
	w.t.Helper()
	i := &instance{t: w.t, store: &laterStore{Store: w.open(w.t), later: &w.later}}
	ctx, cancel := context.WithCancel(w.t.Context())
	keyring, err := tokens.OpenKeyring(ctx, tokens.KeyringConfig{
		Store: i.store, MasterKeys: [][]byte{make([]byte, tokens.MasterKeyBytes)},
		AccessTTL: accessTTL, JWKSMaxAge: 5 * time.Minute, Alg: tokens.ES256, Random: rand.Reader, Now: time.Now,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	i.live = everystore.Follow(w.t, i.store)
	c := tokens.Config{
		Store: i.store, Keyring: keyring, Live: i.live, Issuer: "https://issuer.test", Audience: []string{"https://api.test"},
		Policy: tokens.Policy{AccessTTL: accessTTL, RefreshIdleTTL: idleTTL, SessionTTL: sessionTTL,
			RetryWindow: retryWindow, PerUser: perUser},
		Random: rand.Reader, Now: time.Now, Record: i.record,
	}
	for _, alter := range change {
		alter(&c)
	}
	if i.Sessions, err = tokens.New(c); err != nil {
		w.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- i.Run(ctx) }()
	i.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
	w.t.Cleanup(i.stop)
	return i
}

// onBoth runs a claim in a fresh world on each store.
func onBoth(t *testing.T, claim func(t *testing.T, w *world)) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		claim(t, &world{t: t, open: open})
	})
}

// user stores a user and returns what a login would have read.
func (i *instance) user(name string) tokens.Opening {
	i.t.Helper()
	id, err := auth.NewUserID(time.Now(), rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	if _, err := i.store.CreateUser(i.t.Context(), accounts.User{ID: id, Username: name}, "$hash"); err != nil {
		i.t.Fatal(err)
	}
	return i.proven(name)
}

// proven returns what a login reads now.
func (i *instance) proven(name string) tokens.Opening {
	i.t.Helper()
	c, _, found, err := i.store.CredentialsByName(i.t.Context(), name)
	if err != nil || !found {
		i.t.Fatalf("credentials of %s: %t, %v", name, found, err)
	}
	return tokens.Opening{User: c.ID, Epoch: c.Epoch, Version: c.RowVersion, Origin: home}
}

// login opens a session of a new user.
func (i *instance) login(name string) tokens.Pair { return i.openAs(i.user(name)) }

// openAs opens a session.
func (i *instance) openAs(o tokens.Opening) tokens.Pair {
	i.t.Helper()
	pair, err := i.Open(i.t.Context(), o)
	if err != nil {
		i.t.Fatal(err)
	}
	return pair
}

// refresh refreshes, and must succeed.
func (i *instance) refresh(token string) tokens.Pair {
	i.t.Helper()
	pair, err := i.Refresh(i.t.Context(), token, home)
	if err != nil {
		i.t.Fatalf("refresh: %v", err)
	}
	return pair
}

// refused says with which code a refresh must be refused.
func (i *instance) refused(token string, want *auth.Error) {
	i.t.Helper()
	if _, err := i.Refresh(i.t.Context(), token, home); !errors.Is(err, want) {
		i.t.Errorf("refresh: got %v, want %v", err, want)
	}
}

// newPassword is what an operator does to a user.
var newPassword = tokens.Deed{Name: audit.PasswordSet, Reason: audit.PasswordChange, Origin: home,
	Decide: func(*tokens.Moment) (tokens.UserChange, bool, error) {
		return tokens.UserChange{PasswordHash: "$new", RaiseEpoch: true}, true, nil
	}}

func (i *instance) setPassword(id auth.UserID) error { return i.Change(i.t.Context(), id, newPassword) }

// logOut must succeed.
func (i *instance) logOut(request tokens.LogOut) {
	i.t.Helper()
	if err := i.LogOut(i.t.Context(), request); err != nil {
		i.t.Errorf("log out: %v", err)
	}
}

// Authenticate answers by what is committed when it is asked, which makes its answers fit one order of
// events. As shipped it may be a poll behind.
func (i *instance) Authenticate(ctx context.Context, access string) (tokens.Principal, error) {
	everystore.CatchUp(i.t, i.live)
	return i.Sessions.Authenticate(ctx, access)
}

func (i *instance) alive(access string) {
	i.t.Helper()
	if _, err := i.Authenticate(i.t.Context(), access); err != nil {
		i.t.Errorf("a live access token was refused: %v", err)
	}
}

func (i *instance) dead(access string) {
	i.t.Helper()
	if _, err := i.Authenticate(i.t.Context(), access); !errors.Is(err, tokens.ErrTokenInvalid) {
		i.t.Errorf("a dead access token: got %v, want %v", err, tokens.ErrTokenInvalid)
	}
}

// row reads a session as it is stored.
func (i *instance) row(id auth.SessionID) tokens.Loaded {
	i.t.Helper()
	rows, _, err := i.store.Store.LoadSessions(i.t.Context(), []auth.SessionID{id})
	if err != nil || len(rows) != 1 {
		i.t.Fatalf("row of %s: %d, %v", id, len(rows), err)
	}
	return rows[0]
}

// killed reports whether the session has exactly one entry in the feed.
func (i *instance) killed(id auth.SessionID) bool {
	i.t.Helper()
	entries := i.kills(revocation.KillSession(id).Key)
	if len(entries) > 1 {
		i.t.Fatalf("kills of %s: %v", id, entries)
	}
	return len(entries) == 1
}

// kills returns the entries of a key.
func (i *instance) kills(key revocation.Key) []revocation.Entry {
	i.t.Helper()
	reading, err := i.store.Follow(i.t.Context(), 0, 1<<20)
	if err != nil {
		i.t.Fatal(err)
	}
	return slices.DeleteFunc(reading.Entries, func(e revocation.Entry) bool { return e.Key != key })
}

// together runs n calls at once and returns what they returned, in no order.
func together[A any](n int, call func(int) A) []A {
	var wg sync.WaitGroup
	out := make([]A, n)
	start := make(chan struct{})
	for k := range n {
		wg.Go(func() {
			<-start
			out[k] = call(k)
		})
	}
	close(start)
	wg.Wait()
	return out
}

func distinct(all []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(all)))
}

package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/tokens"
)

// trial is one claim's hold on one store.
type trial struct {
	T
	store Store // on trial
	again Store // the same data through another handle
	feed  func(ctx context.Context, after int64) ([]revocation.Entry, revocation.Head, error)
	vouch func(ctx context.Context, asOf time.Time) error

	conflicts atomic.Int64 // how often a write had to be tried again
}

// must ends the trial over an error that no claim allows.
func (t *trial) must(err error, doing string) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", doing, err)
	}
}

// same complains of a difference between what was got and what was wanted.
func (t *trial) same(got, want any, of string) {
	t.Helper()
	if d := diff(got, want); d != "" {
		t.Errorf("%s (-got +want):\n%s", of, d)
	}
}

func diff(got, want any) string {
	if reflect.DeepEqual(got, want) { // as a rule, and much faster
		return ""
	}
	return cmp.Diff(got, want, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{}))
}

// clock reads the store's clock.
func (t *trial) clock() time.Time {
	t.Helper()
	now, err := t.store.Clock(t.Context())
	t.must(err, "Clock")
	return now
}

// user stores a user who may sign in.
func (t *trial) user(name string) accounts.User {
	t.Helper()
	u := accounts.User{ID: t.userID(), Username: name, Epoch: 1, Roles: []string{"reader"}}
	createdAt, err := t.store.CreateUser(t.Context(), u, hashOf(name))
	t.must(err, "CreateUser")
	u.CreatedAt = createdAt
	return u
}

// hashOf is a password hash that tells whose it is. Stores do not look into hashes.
func hashOf(name string) string { return "hash of " + name }

// oneMillisecond is when all ids are made: their order is random, so that no batch is sorted by chance.
var oneMillisecond = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func (t *trial) userID() auth.UserID {
	t.Helper()
	id, err := auth.NewUserID(oneMillisecond, rand.Reader)
	t.must(err, "NewUserID")
	return id
}

func (t *trial) sessionID() auth.SessionID {
	t.Helper()
	id, err := auth.NewSessionID(oneMillisecond, rand.Reader)
	t.must(err, "NewSessionID")
	return id
}

// session is a fresh login of a user, not stored yet.
func (t *trial) session(user auth.UserID) tokens.Session {
	t.Helper()
	now := t.clock()
	return tokens.Session{
		ID: t.sessionID(), User: user, ClientID: "authd", Epoch: 1,
		CurrentHash: randomHash(), SecretVersion: 1,
		CreatedAt: now, RotatedAt: now, IdleEndsAt: now.Add(168 * time.Hour), EndsAt: now.Add(720 * time.Hour),
		Device: "a telephone", UserAgent: "curl/8", LoginIP: netip.MustParseAddr("192.0.2.7"),
		RowVersion: 1,
	}
}

// open stores sessions, one login after the other.
func (t *trial) open(sessions ...tokens.Session) {
	t.Helper()
	for _, s := range sessions {
		user := t.loadUser(s.User)
		t.change(tokens.UserChange{User: s.User, Version: user.RowVersion, Open: &s})
	}
}

// login opens n sessions of a user and returns them as they are stored, in the order of login.
func (t *trial) login(user auth.UserID, n int) []tokens.Session {
	t.Helper()
	opened := make([]tokens.Session, n)
	for i := range opened {
		opened[i] = t.session(user)
		t.open(opened[i])
	}
	return t.reload(opened)
}

// change applies a change that has no reason to be refused.
func (t *trial) change(c tokens.UserChange) {
	t.Helper()
	applied, err := t.store.ChangeUser(t.Context(), c, newMark())
	t.must(err, "ChangeUser")
	if !applied {
		t.Fatalf("ChangeUser refused a change decided on the row as it stands: %+v", c)
	}
}

func (t *trial) loadUser(id auth.UserID) tokens.User {
	t.Helper()
	user, _, _, found, err := t.store.LoadUser(t.Context(), id)
	t.must(err, "LoadUser")
	if !found {
		t.Fatalf("LoadUser does not find user %s", id)
	}
	return user
}

// load reads sessions that must be there, in the order of ids.
func (t *trial) load(ids ...auth.SessionID) []tokens.Loaded {
	t.Helper()
	rows, _, err := t.store.LoadSessions(t.Context(), ids)
	t.must(err, "LoadSessions")
	if len(rows) != len(ids) {
		t.Fatalf("LoadSessions found %d of %d sessions", len(rows), len(ids))
	}
	byID := make(map[auth.SessionID]tokens.Loaded, len(rows))
	for _, row := range rows {
		byID[row.ID] = row
	}
	loaded := make([]tokens.Loaded, len(ids))
	for i, id := range ids {
		row, ok := byID[id]
		if !ok {
			t.Fatalf("LoadSessions left out session %s", id)
		}
		loaded[i] = row
	}
	return loaded
}

// reload reads sessions as they stand now, in their order.
func (t *trial) reload(sessions []tokens.Session) []tokens.Session {
	t.Helper()
	now := make([]tokens.Session, len(sessions))
	for i, row := range t.load(idsOf(sessions)...) {
		now[i] = row.Session
	}
	return now
}

// entries reads the feed after a place, with the head.
func (t *trial) entries(after int64) ([]revocation.Entry, revocation.Head) {
	t.Helper()
	entries, head, err := t.feed(t.Context(), after)
	t.must(err, "read the feed")
	return entries, head
}

// end ends sessions that may be ended or not.
func (t *trial) end(reason audit.Reason, mark uint64, sessions ...tokens.Session) []auth.SessionID {
	t.Helper()
	ended, err := t.store.End(t.Context(), deathsOf(reason, t.clock(), sessions...), mark)
	t.must(err, "End")
	return endedIDs(ended)
}

func endedIDs(ended []tokens.Ended) []auth.SessionID {
	ids := make([]auth.SessionID, len(ended))
	for i, e := range ended {
		ids[i] = e.Session
	}
	return ids
}

// race starts n goroutines together, on the two handles in turn, and waits for them. Nobody should have
// to try again: writes that wait for each other in one order never meet a deadlock, so a conflict says
// that there are two orders, or a look before the lock.
func (t *trial) race(n int, run func(i int, s Store)) {
	handles := [2]Store{t.store, t.again}
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			<-start
			run(i, handles[i%2])
		})
	}
	close(start)
	group.Wait()
	if c := t.conflicts.Swap(0); c > 0 {
		t.Errorf("%d writes met a conflict", c)
	}
}

// insist makes an attempt again while it ends in a write conflict, which says that nothing was
// written and that the same may well succeed. It gives up, because a store may not promise that for ever.
func (t *trial) insist(attempt func() error) error {
	var err error
	for range 100 {
		if err = attempt(); !errors.Is(err, tokens.ErrWriteConflict) {
			return err
		}
		t.conflicts.Add(1)
	}
	return fmt.Errorf("a hundred attempts: %w", err)
}

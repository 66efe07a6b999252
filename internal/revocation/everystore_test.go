package revocation_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/store/everystore"
	"github.com/authd/authd/internal/tokens"
)

const maxTTL = 5 * time.Minute

// world is a database with any number of instances that follow it.
type world struct {
	t    *testing.T
	open everystore.Database
	everystore.Store
}

func onBoth(t *testing.T, claim func(t *testing.T, w *world)) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		w := &world{t: t, open: open, Store: open(t)}
		if _, err := w.RaiseHead(t.Context(), "feed", maxTTL, time.Minute); err != nil {
			t.Fatal(err)
		}
		claim(t, w)
	})
}

// follower runs one more instance; change may put something before its store, or hooks behind it.
func (w *world) follower(change ...func(*revocation.Config)) *revocation.Follower {
	w.t.Helper()
	c := revocation.Config{Store: w.open(w.t), Now: time.Now, MaxTTL: maxTTL}
	for _, alter := range change {
		alter(&c)
	}
	f, err := revocation.New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	next := f.NextPoll()
	go func() { done <- f.Run(ctx) }()
	w.t.Cleanup(sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	}))
	w.wait(next)
	return f
}

// wait is bounded by the test's own time limit.
func (w *world) wait(next <-chan struct{}) {
	w.t.Helper()
	select {
	case <-next:
	case <-time.After(20 * time.Second):
		w.t.Fatal("no poll in 20 s")
	}
}

// caughtUp waits until each has read everything that is committed now.
func (w *world) caughtUp(followers ...*revocation.Follower) {
	w.t.Helper()
	for _, f := range followers {
		next := f.NextPoll()
		f.Wake()
		w.wait(next)
	}
}

func (w *world) user() auth.UserID {
	w.t.Helper()
	id, err := auth.NewUserID(time.Now(), rand.Reader)
	if err == nil {
		_, err = w.CreateUser(w.t.Context(), accounts.User{ID: id, Username: id.String(), Epoch: 1}, "$hash")
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// raise raises a user's epoch once, as often as it takes.
func (w *world) raise(id auth.UserID) auth.Epoch {
	w.t.Helper()
	for {
		user, _, _, _, err := w.LoadUser(w.t.Context(), id)
		if err != nil {
			w.t.Fatal(err)
		}
		applied, err := w.ChangeUser(w.t.Context(), tokens.UserChange{User: id, Version: user.RowVersion, RaiseEpoch: true}, mark())
		if err != nil {
			w.t.Fatal(err)
		}
		if applied {
			return user.Epoch + 1
		}
	}
}

func mark() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	return binary.BigEndian.Uint64(b[:])
}

func tokenOf(id auth.UserID, epoch auth.Epoch) revocation.Token {
	return revocation.Token{Sub: id.String(), Epoch: int64(epoch)}
}

// C6: only the integer counts. All of this happens within one second.
func TestATokenBelowTheEpochIsDeadAndOneOfTheSameSecondAtTheEpochLives(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		f, user := w.follower(), w.user()
		if got := f.Check(tokenOf(user, 1)); got != revocation.Alive {
			t.Errorf("before: got %v, want Alive", got)
		}
		epoch := w.raise(user)
		w.caughtUp(f)
		if got := f.Check(tokenOf(user, epoch-1)); got != revocation.Dead {
			t.Errorf("below the epoch: got %v, want Dead", got)
		}
		if got := f.Check(tokenOf(user, epoch)); got != revocation.Alive {
			t.Errorf("at the epoch: got %v, want Alive", got)
		}
	})
}

// Two instances write, interleaved, and a third one only reads: all three end with one feed.
func TestInstancesThatWriteInTurnReadOneFeed(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a, b, c := w.follower(), w.follower(), w.follower()
		user := w.user()
		var epoch auth.Epoch
		for range 20 {
			w.raise(user)
			a.Wake()
			epoch = w.raise(user)
			b.Wake()
		}
		w.caughtUp(a, b, c)
		want := a.Entries(0, 100, nil)
		if len(want) != 40 {
			t.Fatalf("got %d entries, want 40", len(want))
		}
		for i, e := range want {
			if e.Seq != int64(i+1) {
				t.Fatalf("entry %d has the number %d", i, e.Seq)
			}
		}
		for _, f := range []*revocation.Follower{b, c} {
			if d := cmp.Diff(f.Entries(0, 100, nil), want); d != "" {
				t.Errorf("another instance's feed (-got +want):\n%s", d)
			}
			if got := f.Check(tokenOf(user, epoch-1)); got != revocation.Dead {
				t.Errorf("below the last epoch: got %v, want Dead", got)
			}
		}
	})
}

func TestAnInstanceKnowsItsPlacesAndWhatIsBeyondThem(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		f, user := w.follower(), w.user()
		for range 5 {
			w.raise(user)
		}
		w.caughtUp(f)
		at, entries := f.View().Cursor(), f.Entries(0, 10, nil)
		if at.FeedID != "feed" || at.Seq != 5 || at.Mark != entries[4].Mark {
			t.Fatalf("stands at %v", at)
		}
		place := func(seq int64, mark uint64) revocation.Cursor {
			return revocation.Cursor{FeedID: "feed", Seq: seq, Mark: mark}
		}
		for _, test := range []struct {
			name          string
			cursor        revocation.Cursor
			known, beyond bool
		}{
			{"the newest", at, true, false},
			{"an older entry", place(2, entries[1].Mark), true, false},
			{"the beginning", place(0, 0), true, false},
			{"the newest number with another mark", place(5, at.Mark+1), false, false},
			{"an older number with another mark", place(2, entries[1].Mark+1), false, false},
			{"not read yet", place(6, 1), false, true},
			{"another feed", revocation.Cursor{FeedID: "other", Seq: 2, Mark: entries[1].Mark}, false, false},
		} {
			known, beyond := f.Knows(test.cursor)
			if known != test.known || beyond != test.beyond {
				t.Errorf("%s: got known %t, beyond %t", test.name, known, beyond)
			}
		}
	})
}

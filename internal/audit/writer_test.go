package audit_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authd/authd/internal/audit"
)

var (
	errAway    = errors.New("the store is away")
	errRefused = errors.New("the store will not have it")
)

// shelf is a store of records that can be away, and refuses one subject.
type shelf struct {
	audit.Store
	mu      sync.Mutex
	away    bool
	refused string
	calls   []int // how many records each call had
	kept    []audit.Record
	hang    chan struct{} // a call waits for it
}

func (s *shelf) AddRecords(ctx context.Context, records []audit.Record) error {
	if s.hang != nil {
		select {
		case <-s.hang:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, len(records))
	if s.away {
		return errAway
	}
	for _, r := range records {
		if s.refused != "" && r.Subject == s.refused {
			return errRefused
		}
	}
	s.kept = append(s.kept, records...)
	return nil
}

func (s *shelf) set(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

func (s *shelf) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.kept)
}

// desk is a running writer.
type desk struct {
	*audit.Writer
	*shelf
	dropped int
	cause   error
	stop    func()
}

// written runs do with a writer in virtual time.
func written(t *testing.T, do func(t *testing.T, d *desk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{shelf: &shelf{}}
		var err error
		d.Writer, err = audit.NewWriter(audit.WriterConfig{Store: d.shelf, Now: time.Now, Random: rand.Reader,
			Again:   func(err error) bool { return errors.Is(err, errAway) || errors.Is(err, context.DeadlineExceeded) },
			Dropped: func(n int, cause error) { d.dropped, d.cause = d.dropped+n, cause }})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- d.Run(ctx) }()
		d.stop = sync.OnceFunc(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		do(t, d)
		d.stop()
	})
}

func (d *desk) record(n int) {
	for range n {
		d.Record(context.Background(), audit.Event{Name: audit.LoginFailed, User: [16]byte{1}})
	}
}

func TestEventsReachTheStoreInBatchesWithinTwoTenthsOfASecond(t *testing.T) {
	t.Parallel()
	written(t, func(t *testing.T, d *desk) {
		d.record(1)
		time.Sleep(50 * time.Millisecond)
		d.record(2)
		time.Sleep(150 * time.Millisecond)
		synctest.Wait()
		if !slices.Equal(d.calls, []int{3}) {
			t.Errorf("got calls of %v records, want one of 3", d.calls)
		}
		d.record(600)
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		if !slices.Equal(d.calls, []int{3, 256, 256, 88}) {
			t.Errorf("got calls of %v records", d.calls)
		}
	})
}

func TestAnEventIsKeptAsWhatHappenedAndInOrder(t *testing.T) {
	t.Parallel()
	written(t, func(t *testing.T, d *desk) {
		at := time.Date(2026, 3, 1, 12, 0, 0, 7_654_321, time.FixedZone("", 3600))
		event := audit.Event{At: at, Name: audit.SessionEnded, Reason: audit.Reuse, Actor: audit.System, User: [16]byte{1}}
		for range 100 { // in one millisecond
			d.Record(t.Context(), event)
		}
		d.Record(t.Context(), audit.Event{Name: audit.LoginFailed})
		d.stop()
		want := event
		want.At = time.Date(2026, 3, 1, 11, 0, 0, 7e6, time.UTC)
		for i, got := range d.kept[:100] {
			if got.Event != want || got.ID.String()[14] != '7' {
				t.Fatalf("got %+v, want %+v", got, want)
			}
			if i > 0 && d.kept[i-1].ID.String() >= got.ID.String() {
				t.Fatalf("%s comes after %s", got.ID, d.kept[i-1].ID)
			}
		}
		if bare := d.kept[100]; bare.Actor != audit.User || !bare.At.Equal(time.Now()) {
			t.Errorf("got %+v: whoever says no more is a user, now", bare)
		}
	})
}

// A request is never slower or worse for its event.
func TestAStoreThatHangsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	written(t, func(t *testing.T, d *desk) {
		d.hang = make(chan struct{})
		began := time.Now()
		d.record(1)
		time.Sleep(time.Second)
		d.record(5000)
		if took := time.Since(began); took > time.Second {
			t.Errorf("recording took %v", took-time.Second)
		}
		if d.Waiting() != 4096 || d.dropped != 904 || !errors.Is(d.cause, audit.ErrFull) {
			t.Errorf("%d wait, %d were dropped for %v; want 4096 and 904 for want of room", d.Waiting(), d.dropped, d.cause)
		}
		close(d.hang)
		d.stop()
		if d.count() != 4097 {
			t.Errorf("%d were kept, want all that had room", d.count())
		}
	})
}

func TestEventsOutliveAStoreThatIsAwayForMinutes(t *testing.T) {
	t.Parallel()
	written(t, func(t *testing.T, d *desk) {
		d.set(true)
		d.record(10)
		time.Sleep(10 * time.Minute)
		d.record(10)
		d.set(false)
		time.Sleep(3 * time.Second)
		if d.count() != 20 || d.dropped != 0 {
			t.Errorf("%d were kept and %d dropped, want 20 and none", d.count(), d.dropped)
		}
		if len(d.calls) > 10*60 {
			t.Errorf("the store was asked %d times in ten minutes", len(d.calls))
		}
	})
}

// Anybody can fail at anything as often as the line allows.
func TestAFloodOfStrangersDrownsNobody(t *testing.T) {
	t.Parallel()
	written(t, func(t *testing.T, d *desk) {
		for range 5000 {
			d.Record(t.Context(), audit.Event{Name: audit.ResetRefused})
		}
		if d.dropped != 4900 || !errors.Is(d.cause, audit.ErrFlood) {
			t.Errorf("%d were dropped for %v, want 4900 as a flood", d.dropped, d.cause)
		}
		d.record(200)
		d.Record(t.Context(), audit.Event{Name: audit.TokenRevoked, Actor: audit.Admin})
		time.Sleep(time.Second)
		d.Record(t.Context(), audit.Event{Name: audit.ResetRefused})
		d.stop()
		if d.count() != 302 || d.dropped != 4900 {
			t.Errorf("%d were kept and %d dropped, want the users', the operator's and the next second's kept", d.count(), d.dropped)
		}
	})
}

// Who shows the parent of a refresh token again and again gets an answer each time, and a retry is an
// event. Of the same session's end none is missed for it.
func TestAFloodOfOneSessionLeavesItsOtherEventsAndOthers(t *testing.T) {
	t.Parallel()
	written(t, func(t *testing.T, d *desk) {
		thief, other := [16]byte{1}, [16]byte{2}
		retry := func(session [16]byte, n int) {
			for range n {
				d.Record(t.Context(), audit.Event{Name: audit.SessionRetried, User: [16]byte{9}, Session: session})
			}
		}
		retry(thief, 5000)
		if d.dropped != 4970 || !errors.Is(d.cause, audit.ErrFlood) {
			t.Errorf("%d were dropped for %v, want 4970 as a flood", d.dropped, d.cause)
		}
		retry(other, 30)
		d.Record(t.Context(), audit.Event{Name: audit.SessionEnded, User: [16]byte{9}, Session: thief})
		time.Sleep(time.Minute)
		retry(thief, 1)
		d.stop()
		if d.count() != 62 || d.dropped != 4970 {
			t.Errorf("%d were kept and %d dropped, want the other session's, the end and the next minute's kept", d.count(), d.dropped)
		}
	})
}

// Who guesses at one user is refused at no cost, as often as the line allows. What else happens to that user,
// and to others, is kept.
func TestAFloodOfRefusedGuessesLeavesOtherEventsAndUsers(t *testing.T) {
	t.Parallel()
	written(t, func(t *testing.T, d *desk) {
		guess := func(user byte, n int) {
			for range n {
				d.Record(t.Context(), audit.Event{Name: audit.LoginThrottled, Reason: audit.AccountLimit, User: [16]byte{user}})
			}
		}
		guess(1, 5000)
		if d.dropped != 4970 || !errors.Is(d.cause, audit.ErrFlood) {
			t.Errorf("%d were dropped for %v, want 4970 as a flood", d.dropped, d.cause)
		}
		guess(2, 30)
		d.Record(t.Context(), audit.Event{Name: audit.LoginFailed, User: [16]byte{1}})
		d.stop()
		if d.count() != 61 || d.dropped != 4970 {
			t.Errorf("%d were kept and %d dropped, want another user's and another event kept", d.count(), d.dropped)
		}
	})
}

func TestABadEventDoesNotTakeItsNeighboursAlong(t *testing.T) {
	t.Parallel()
	written(t, func(t *testing.T, d *desk) {
		d.refused = "bad"
		d.record(3)
		d.Record(t.Context(), audit.Event{Name: audit.LoginFailed, Subject: "bad"})
		d.record(3)
		d.stop()
		if d.count() != 6 || d.dropped != 1 || !errors.Is(d.cause, errRefused) {
			t.Errorf("%d were kept and %d dropped for %v, want 6 and the bad one", d.count(), d.dropped, d.cause)
		}
	})
}

func TestTheEndWaitsForTheLastEventsButNotForEver(t *testing.T) {
	t.Parallel()
	written(t, func(t *testing.T, d *desk) {
		d.record(300)
		d.stop()
		if d.count() != 300 {
			t.Errorf("%d were kept, want 300", d.count())
		}
	})
	written(t, func(t *testing.T, d *desk) {
		d.set(true)
		d.record(300)
		began := time.Now()
		d.stop()
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("the end took %v", took)
		}
		if d.dropped != 300 {
			t.Errorf("%d were dropped, want all to be said", d.dropped)
		}
	})
}

func TestACommandWritesAtOnceAndInItsOwnName(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	command := audit.NewCommand(s, time.Now, rand.Reader)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // an interrupted command has done what it has done
	command.Record(ctx, audit.Event{Name: audit.UserCreated})
	if len(s.kept) != 1 || s.kept[0].Actor != audit.CLI || command.Err() != nil {
		t.Errorf("got %+v, error %v", s.kept, command.Err())
	}
	s.away = true
	command.Record(ctx, audit.Event{Name: audit.PasswordSet})
	if !errors.Is(command.Err(), errAway) {
		t.Errorf("got error %v, want that of the store", command.Err())
	}
}

// A name is no secret, so anybody can have attempts at it refused, and a machine may ask for a token with
// each of its requests.
func TestAFloodAtOneUserOrOfOneClientLeavesOthers(t *testing.T) {
	t.Parallel()
	written(t, func(t *testing.T, d *desk) {
		for range 1000 {
			d.Record(t.Context(), audit.Event{Name: audit.LoginThrottled, User: [16]byte{1}})
			d.Record(t.Context(), audit.Event{Name: audit.ClientGranted, Subject: "a client"})
			d.Record(t.Context(), audit.Event{Name: audit.AdminRefused, Actor: audit.Admin})
		}
		const kept = 30 + 30 + 100
		if d.dropped != 3000-kept || !errors.Is(d.cause, audit.ErrFlood) {
			t.Errorf("%d were dropped for %v, want %d as a flood", d.dropped, d.cause, 3000-kept)
		}
		others := []audit.Event{{Name: audit.LoginFailed, User: [16]byte{1}}, {Name: audit.LoginThrottled, User: [16]byte{2}},
			{Name: audit.LoginThrottled}, {Name: audit.ClientGranted, Subject: "another"}}
		for _, e := range others {
			d.Record(t.Context(), e)
		}
		for range 200 {
			d.Record(t.Context(), audit.Event{Name: audit.UserRevoked, User: [16]byte{1}, Actor: audit.Admin})
		}
		d.stop()
		if want := kept + len(others) + 200; d.count() != want {
			t.Errorf("%d were kept, want %d: those of others, and what the operator did", d.count(), want)
		}
	})
}

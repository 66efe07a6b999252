//go:build linux

package main

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestQuantilesAreOfSortedLatencies(t *testing.T) {
	t.Parallel()
	ms := func(all ...int) (t turn) {
		for _, n := range all {
			t.latencies = append(t.latencies, time.Duration(n)*time.Millisecond)
		}
		return t
	}
	hundred := turn{}
	for n := range 100 {
		hundred.latencies = append(hundred.latencies, time.Duration(n+1)*time.Millisecond)
	}
	for _, c := range []struct {
		name string
		turn turn
		q    float64
		want float64
	}{
		{"nothing", turn{}, 0.99, 0},
		{"one", ms(7), 0.5, 7},
		{"the middle", ms(1, 2, 9), 0.5, 2},
		{"the last", ms(1, 2, 9), 1, 9},
		{"one in a hundred is slower", hundred, 0.98, 99},
		{"none is slower", hundred, 0.99, 100},
	} {
		if got := c.turn.quantile(c.q); got != c.want {
			t.Errorf("%s: got %v ms, want %v", c.name, got, c.want)
		}
	}
}

func TestAccountsAreOfWhatWasUsedMeanwhile(t *testing.T) {
	t.Parallel()
	before := accounts{service: 5, generator: 7, wal: 100, backends: map[int]time.Duration{1: 10, 2: 20}}
	after := accounts{service: 8, generator: 11, wal: 350, backends: map[int]time.Duration{1: 14, 3: 6}} // 2 ended, 3 is new
	got := after.since(before)
	if got.service != 3 || got.generator != 4 || got.wal != 250 || got.postgres != 4+6 {
		t.Errorf("got %+v", got)
	}
}

func TestAFaultEndsEverybodyAndIsWhatIsSaid(t *testing.T) {
	t.Parallel()
	fault := errors.New("a fault")
	never := time.Now().Add(time.Hour)
	patient := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	if _, err := together(t.Context(), []func(context.Context) error{
		patient, func(context.Context) error { return fault }, patient,
	}, never); !errors.Is(err, fault) {
		t.Errorf("one fails: got %v", err)
	}
	usedUp := func() func(context.Context) error {
		left := 3
		return func(context.Context) error {
			if left == 0 {
				return errUsedUp
			}
			left--
			return nil
		}
	}
	if all, err := together(t.Context(), []func(context.Context) error{usedUp(), usedUp()}, never); err != nil || len(all) != 6 {
		t.Errorf("all is used up: got %d acts, error %v", len(all), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stops := func(context.Context) error { cancel(); return nil }
	if _, err := together(ctx, []func(context.Context) error{stops, patient}, never); !errors.Is(err, context.Canceled) {
		t.Errorf("who runs it ends it: got %v", err)
	}
}

func TestAnAnswerThatNeverComesIsBlamedOnWhoOwesIt(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	c, err := dial(ctx, silent.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if _, _, err = c.do(get("/")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	l := &load{what: "GET /", service: &instance{address: "127.0.0.1:9", cmd: &exec.Cmd{Path: "/bin/authd", Process: &os.Process{Pid: 42}}}}
	want := "GET /: /bin/authd at 127.0.0.1:9, process 42, does not answer: "
	if got := l.blame(err).Error(); !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q at its head", got, want)
	}
	if got := l.blame(errNoPair).Error(); strings.Contains(got, "does not answer") {
		t.Errorf("it answered, and got %q", got)
	}
}

func TestOneThatIsNeverReadyIsNoStart(t *testing.T) {
	t.Parallel()
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	if err := untilReady(t.Context(), address, 0); err == nil || !strings.Contains(err.Error(), "not ready") {
		t.Errorf("nobody listens: got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := untilReady(ctx, address, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody wants to know: got %v", err)
	}
}

func TestAStormsP99IsOfItsMiddle(t *testing.T) {
	t.Parallel()
	const slow = time.Hour // outside of the middle, where it must not count
	s := storm{calm: time.Second, refreshes: []sample{{0, slow}, {time.Second - 1, slow}, {2 * time.Second, slow}}}
	if got := s.p99(); got != 0 {
		t.Errorf("of nothing: got %v", got)
	}
	for n := range 200 {
		s.refreshes = append(s.refreshes, sample{time.Second + time.Duration(n), time.Duration(200 - n)})
	}
	if got := s.p99(); got != 199 {
		t.Errorf("of 1 to 200: got %d", got)
	}
}

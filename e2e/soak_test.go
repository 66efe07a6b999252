//go:build unix

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// soak is devices that use a service while things happen to it, and the sum of what they saw.
type soak struct {
	fleet   *fleet
	devices []*device
	over    chan struct{} // closed when the devices shall come to rest

	answered, unavailable, broken atomic.Int64

	mu         sync.Mutex
	successors map[place]string // guarded by mu :: the one refresh token that was ever given there
}

// place is a point in the life of a session.
type place struct {
	session    string
	generation uint32
}

// soakTime bounds a soak that makes no progress.
const soakTime = 4 * time.Minute

// newSoak starts processes and prepares devices. An access token outlives the soak, so that only a kill
// makes it invalid.
func newSoak(t *testing.T, d *deployment, devices int) (s *soak, random *rand.Rand) {
	t.Helper()
	random = seeded(t)
	d.environ = append(d.environ, "AUTHD_ACCESS_TTL=1h")
	s = &soak{
		fleet:      &fleet{places: d.startAll(t), random: rand.New(rand.NewPCG(random.Uint64(), 0))},
		over:       make(chan struct{}),
		successors: make(map[place]string),
	}
	for number := range devices {
		s.devices = append(s.devices, &device{soak: s, number: number, http: newClient(t),
			random: rand.New(rand.NewPCG(random.Uint64(), 0))})
	}
	return s, random
}

// run lets the devices use the service while disasters does its work, and checks at the end that
// nothing is missing of what they were told. Disasters must return when its context ends.
func (s *soak) run(t *testing.T, d *deployment, disasters func(context.Context)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soakTime)
	defer cancel()
	g, devices := errgroup.WithContext(ctx)
	for _, d := range s.devices {
		g.Go(func() error { return d.run(devices) })
	}
	disasters(devices)
	close(s.over)
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	sessions := 0
	for _, device := range s.devices {
		if err := device.settle(ctx); err != nil {
			t.Errorf("device %d, afterwards: %v", device.number, err)
		}
		sessions += len(device.ended)
	}
	s.wantKills(t, d)
	t.Logf("%d requests were answered, %d had 503, %d broke; %d logouts and %d rotations were acknowledged",
		s.answered.Load(), s.unavailable.Load(), s.broken.Load(), sessions, len(s.successors))
}

// wantKills checks that each logout is in the feed once, however often it was asked for.
func (s *soak) wantKills(t *testing.T, d *deployment) {
	t.Helper()
	f := d.past.feed(t)
	f.wantWhole(t)
	for _, device := range s.devices {
		for _, e := range device.ended {
			if got := f.kills(e.last.SessionID); e.alone && got != 1 {
				t.Errorf("the feed has %d kills of a session that was logged out, want 1", got)
			}
		}
	}
}

// note checks that next follows last, and that nobody was given another successor.
func (s *soak) note(last, next pair) error {
	before, err := generation(last.RefreshToken)
	if err != nil {
		return err
	}
	after, err := generation(next.RefreshToken)
	if err != nil {
		return err
	}
	if after != before+1 || next.SessionID != last.SessionID {
		return fmt.Errorf("generation %d of %s is followed by generation %d of %s", before, last.SessionID, after, next.SessionID)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := place{next.SessionID, after}
	if other, given := s.successors[at]; given && other != next.RefreshToken {
		return fmt.Errorf("session %s has two tokens of generation %d", at.session, at.generation)
	}
	s.successors[at] = next.RefreshToken
	return nil
}

// traffic waits for so many more answers, and reports false when the soak ended instead.
func (s *soak) traffic(ctx context.Context, answers int64) bool {
	enough := s.answered.Load() + answers
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for s.answered.Load() < enough {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}

// H1: wherever a process is when it dies, what it acknowledged holds, and what it did not acknowledge
// can be asked again.
func TestH1KillsAtRandomMomentsLoseNothingThatWasAcknowledged(t *testing.T) {
	t.Parallel()
	kills := 40
	if testing.Short() {
		kills = 8
	}
	onEveryStore(t, func(t *testing.T, d *deployment) {
		s, random := newSoak(t, d, 8)
		killed := 0
		s.run(t, d, func(ctx context.Context) {
			for killed < kills && s.traffic(ctx, 1+random.Int64N(60)) {
				// The moment lies anywhere within what the devices have asked for meanwhile.
				<-time.After(time.Duration(random.Int64N(int64(4 * time.Millisecond))))
				victims := []int{random.IntN(d.most)}
				if d.most > 1 && random.IntN(8) == 0 {
					victims = random.Perm(d.most)
				}
				s.replace(t, d, victims)
				killed += len(victims)
			}
		})
		t.Logf("%d processes were killed", killed)
	})
}

// replace kills processes, then starts others in their places.
func (s *soak) replace(t *testing.T, d *deployment, victims []int) {
	t.Helper()
	for _, i := range victims {
		p := s.fleet.places[i] // only this goroutine writes the places
		s.fleet.put(i, nil)
		p.kill()
	}
	for _, i := range victims {
		s.fleet.put(i, d.start(t))
	}
}

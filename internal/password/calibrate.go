package password

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// LeastCost is the least cost that a service may be set to.
const LeastCost = 10

// Speed is what one cost means on a machine.
type Speed struct {
	Cost  int
	Alone time.Duration // one login that nobody else is beside: what its user waits for
	Busy  time.Duration // one login while every core has one
	// PerSecond is how many logins all cores serve: more than that have to queue.
	PerSecond float64
	// Estimated: the time was up, so this is twice what one step less takes.
	Estimated bool
}

// Calibration measures a machine. All fields are needed.
type Calibration struct {
	Workers int           // how many hash at once: the cores that a service would have
	Limit   time.Duration // no measurement begins that would not be over by then
	Now     func() time.Time

	hash func(cost int) error // bcrypt, unless a test has another
}

const (
	runsAlone = 3
	runsBusy  = 2
)

// Measure returns what every cost from LeastCost to MaxCost means here. The least is always measured; those
// for which the time does not suffice are estimated: each step of the cost doubles the work. Nothing is
// read or kept, and what is hashed is nobody's password.
func (c Calibration) Measure(ctx context.Context) ([]Speed, error) {
	if c.Workers < 1 || c.Limit <= 0 || c.Now == nil {
		return nil, errors.New("password: a calibration needs workers, a limit and a clock")
	}
	if c.hash == nil {
		c.hash = hashSomething
	}
	end := c.Now().Add(c.Limit)
	var speeds []Speed
	for cost := LeastCost; cost <= MaxCost; cost++ {
		if len(speeds) > 0 {
			last := speeds[len(speeds)-1]
			next := doubled(last)
			next.Estimated = last.Estimated || c.Now().Add(runsAlone*next.Alone+runsBusy*next.Busy).After(end)
			if next.Estimated {
				speeds = append(speeds, next)
				continue
			}
		}
		speed, err := c.one(ctx, cost)
		if err != nil {
			return nil, err
		}
		speeds = append(speeds, speed)
	}
	return speeds, nil
}

// doubled is what one step more means.
func doubled(s Speed) Speed {
	return Speed{Cost: s.Cost + 1, Alone: 2 * s.Alone, Busy: 2 * s.Busy, PerSecond: s.PerSecond / 2}
}

// one measures a cost: a few logins after one another, and then some on every core.
func (c *Calibration) one(ctx context.Context, cost int) (Speed, error) {
	s := Speed{Cost: cost}
	var alone []time.Duration
	for range runsAlone {
		took, err := c.together(ctx, cost, 1, 1)
		if err != nil {
			return s, err
		}
		alone = append(alone, took)
	}
	slices.Sort(alone)
	s.Alone = alone[runsAlone/2] // whatever else the machine does hits one of three
	took, err := c.together(ctx, cost, c.Workers, runsBusy)
	if err != nil {
		return s, err
	}
	s.Busy = took / runsBusy
	s.PerSecond = float64(c.Workers*runsBusy) / max(took.Seconds(), 1e-9)
	return s, nil
}

// together lets so many workers hash so often each, and returns how long that took.
func (c *Calibration) together(ctx context.Context, cost, workers, runs int) (time.Duration, error) {
	var all sync.WaitGroup
	faults := make([]error, workers)
	began := c.Now()
	for worker := range workers {
		all.Go(func() {
			runtime.LockOSThread() // as the workers of a Hasher do
			defer runtime.UnlockOSThread()
			for range runs {
				if faults[worker] = errors.Join(ctx.Err(), c.hash(cost)); faults[worker] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	return c.Now().Sub(began), errors.Join(faults...)
}

// hashSomething does the work of one login: as many bytes as a peppered password has.
func hashSomething(cost int) error {
	const text = "authd password calibrate: as long as base64 of 48 bytes, and no secret"
	_, err := bcrypt.GenerateFromPassword([]byte(text[:64]), cost)
	return err
}

// Suggest returns the greatest cost at which a login takes no longer than target, and the least there is if
// none does.
func Suggest(speeds []Speed, target time.Duration) (s Speed, within bool) {
	for _, speed := range speeds {
		if speed.Alone <= target || s.Cost == 0 {
			s = speed
		}
	}
	return s, s.Alone <= target
}

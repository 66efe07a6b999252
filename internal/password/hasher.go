package password

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"golang.org/x/crypto/bcrypt"
)

const (
	// DefaultCost is bcrypt's cost where Config names none: about 0.3 s of one core.
	DefaultCost = 12
	// queuePerWorker is how many may wait for each worker where Config does not say: about ten
	// seconds at the default cost, which is as long as people wait for a login.
	queuePerWorker = 32
)

// Config is what a Hasher needs.
type Config struct {
	// Cost is that of new hashes, at most MaxCost. Zero means DefaultCost. The least, 4, is for
	// tests; what an operator may choose is decided where flags are read.
	Cost int
	// Workers is how many hashes are computed at once. Zero means as many as GOMAXPROCS says when New
	// is called. Each holds a thread that never yields, so main raises GOMAXPROCS to what [Processors] says.
	Workers int
	// Queue is how many may wait for a worker. Zero means 32 for each.
	Queue int
	// Peppers must have one to hash with by the time New is called.
	Peppers Peppers
	// Random is read once, in New, for the hash that nobody has. The salts of hashes are drawn by
	// bcrypt from crypto/rand, which cannot be told otherwise.
	Random io.Reader
	// Now measures how long hashing takes and how long callers may wait for it. It must be the clock
	// that the deadlines of their contexts come from.
	Now func() time.Time
	// Waited hears how long a job waited for a worker, when its turn comes. Nil: nobody does.
	Waited func(time.Duration)
}

// Hasher computes and compares hashes on a few threads of its own. Its methods may be called from any
// goroutine; what is asked before Run waits for Run.
type Hasher struct {
	cost    int
	peppers Peppers
	decoy   string // salt and digest of the hash that nobody has
	pool    *pool

	// bcrypt's two functions. Tests put others here to count the rounds they are asked for.
	generate func(password []byte, cost int) ([]byte, error)
	compare  func(hash, password []byte) error
}

// New makes a Hasher and starts nothing. Its error names all that is wrong with c.
func New(c Config) (*Hasher, error) {
	c.Cost = orDefault(c.Cost, DefaultCost)
	c.Workers = orDefault(c.Workers, runtime.GOMAXPROCS(0))
	c.Queue = orDefault(c.Queue, queuePerWorker*c.Workers)
	if err := c.faults(); err != nil {
		return nil, err
	}
	decoy, err := newDecoy(c.Random)
	if err != nil {
		return nil, err
	}
	h := &Hasher{
		cost:     c.Cost,
		peppers:  c.Peppers,
		decoy:    decoy,
		pool:     newPool(c.Workers, c.Queue, c.Now),
		generate: bcrypt.GenerateFromPassword,
		compare:  bcrypt.CompareHashAndPassword,
	}
	if c.Waited != nil {
		h.pool.waited = c.Waited
	}
	return h, nil
}

func orDefault(value, otherwise int) int {
	if value == 0 {
		return otherwise
	}
	return value
}

func (c Config) faults() error {
	var faults []error
	if c.Cost < bcrypt.MinCost || c.Cost > MaxCost {
		faults = append(faults, fmt.Errorf("password: cost %d is not in %d to %d", c.Cost, bcrypt.MinCost, MaxCost))
	}
	if c.Workers < 0 {
		faults = append(faults, fmt.Errorf("password: %d workers", c.Workers))
	}
	if c.Queue < 0 {
		faults = append(faults, fmt.Errorf("password: a queue of %d", c.Queue))
	}
	if c.Random == nil || c.Now == nil {
		faults = append(faults, errors.New("password: Random and Now are needed"))
	}
	if c.Peppers == nil {
		return errors.Join(append(faults, errors.New("password: Peppers are needed"))...)
	}
	return errors.Join(append(faults, c.Peppers.Current().check())...)
}

// Run hashes until ctx ends; from then on callers get a BusyError. It finishes what it has begun, and
// it can be called once.
func (h *Hasher) Run(ctx context.Context) error { return h.pool.run(ctx) }

// Waiting is how many jobs wait for a worker.
func (h *Hasher) Waiting() int {
	h.pool.mu.Lock()
	defer h.pool.mu.Unlock()
	return len(h.pool.waiting)
}

// Hash returns what to store for a password, which it normalises. Whether the password is good enough
// is for a Policy to say.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	normalised, err := Normalize(password)
	if err != nil {
		return "", err
	}
	pepper := h.peppers.Current()
	if err := pepper.check(); err != nil {
		return "", err
	}
	input := prehash(pepper.Key, normalised)
	var sum []byte
	var failed error
	if err := h.pool.do(ctx, func() { sum, failed = h.generate(input, h.cost) }); err != nil {
		return "", err
	}
	if failed != nil {
		return "", failed
	}
	return hash{pepper: pepper.Version, cost: h.cost, bcrypt: string(sum)}.String(), nil
}

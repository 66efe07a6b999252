package password

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
)

// ErrBusy is what a BusyError wraps.
var ErrBusy = errors.New("password: too many passwords are waiting to be hashed")

// BusyError says that nothing was computed, because the queue is full, because the caller's deadline
// would have passed before its turn, or because hashing has ended.
type BusyError struct {
	// RetryAfter estimates when all that waits now is done. Zero if nothing is known yet.
	RetryAfter time.Duration
}

func (e *BusyError) Error() string { return ErrBusy.Error() }
func (e *BusyError) Unwrap() error { return ErrBusy }

// restart is how long to stay away from a pool that has ended: its process is on its way out.
const restart = time.Second

// job is one piece of work and who waits for it.
type job struct {
	work func()
	came time.Time     // into the queue
	gone func() error  // why its caller no longer waits, nil while it does
	err  error         // why work was not called; written before done is closed
	done chan struct{} // closed when work has returned or will never be called
}

// Processors is what GOMAXPROCS should be where so many workers hash: everything else keeps processors of its
// own, and the kernel settles who waits.
//
// There are half as many of those, because each that is idle has a thread woken to look for work whenever a
// goroutine becomes ready, and that thread interrupts the hashing. On two cores in a storm of logins, with one
// instead of two the rest of the service takes a fifth less CPU, and refreshes are no later.
func Processors(workers int) int { return workers + (workers+1)/2 }

// pool runs jobs on a few goroutines, in the order in which they came.
type pool struct {
	workers int
	places  int // how many jobs may wait
	now     func() time.Time
	waited  func(time.Duration)

	mu      sync.Mutex // guards all that follows
	changed *sync.Cond // waiting or ended is not what it was
	waiting []*job
	idle    int           // workers that have no job
	mean    time.Duration // moving average of a job's time; zero before the first
	started bool
	ended   bool
}

func newPool(workers, places int, now func() time.Time) *pool {
	p := &pool{workers: workers, places: places, now: now, waited: func(time.Duration) {}}
	p.changed = sync.NewCond(&p.mu)
	return p
}

// run works until ctx ends. Then whoever waits is sent away, and what has begun is finished.
func (p *pool) run(ctx context.Context) error {
	p.mu.Lock()
	again := p.started
	p.started = true
	p.mu.Unlock()
	if again {
		return errors.New("password: Run was called twice")
	}
	var workers sync.WaitGroup
	for range p.workers {
		workers.Go(p.worker)
	}
	<-ctx.Done()
	p.end()
	workers.Wait()
	return nil
}

// do has work called and waits for it. An error means that work was not called and never will be: a
// caller whose ctx ends leaves the queue, but one whose work has begun stays for its outcome.
func (p *pool) do(ctx context.Context, work func()) error {
	j := &job{work: work, gone: ctx.Err, done: make(chan struct{})}
	if err := ctx.Err(); err != nil {
		return left(err)
	}
	if err := p.join(ctx, j); err != nil {
		return err
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		if p.leave(j) {
			return left(ctx.Err())
		}
		<-j.done
	}
	return j.err
}

func left(cause error) error { return fmt.Errorf("password: left the queue: %w", cause) }

// join queues j, unless there is no place or no hope for it.
func (p *pool) join(ctx context.Context, j *job) error {
	now := p.now()
	deadline, limited := ctx.Deadline()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return &BusyError{RetryAfter: restart}
	}
	// An idle worker takes any job, whatever the average says: one spoilt by a long pause of the
	// machine would otherwise refuse everybody, and nothing would ever correct it.
	if ahead := len(p.waiting) - p.idle; ahead >= 0 {
		wait := p.mean * time.Duration(ahead+1) / time.Duration(p.workers)
		if ahead >= p.places || limited && now.Add(wait+p.mean).After(deadline) {
			return &BusyError{RetryAfter: wait}
		}
	}
	j.came = now
	p.waiting = append(p.waiting, j)
	p.changed.Signal()
	return nil
}

// leave takes j out of the queue; false if it is not in it any more.
func (p *pool) leave(j *job) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := slices.Index(p.waiting, j)
	if at < 0 {
		return false
	}
	p.waiting = slices.Delete(p.waiting, at, at+1)
	return true
}

// worker computes one job after the other, on an operating system's thread of its own.
//
// The thread is locked and GOMAXPROCS raised to what [Processors] says because bcrypt never yields: on
// Go's own processors each step of a request waits up to 10 ms for it to be preempted, and
// a request has several. Left to the kernel, which favours who has slept, the slowest refresh of a
// hundred took a sixth of that time in a storm of logins. BenchmarkHop shows it.
func (p *pool) worker() {
	runtime.LockOSThread() // for good: the thread ends with the goroutine
	for {
		j := p.next()
		if j == nil {
			return
		}
		began := p.now()
		p.waited(began.Sub(j.came))
		j.work()
		p.learn(p.now().Sub(began))
		close(j.done)
	}
}

// next waits for a job whose caller still wants it; nil when the pool has ended.
func (p *pool) next() *job {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle++
	defer func() { p.idle-- }()
	for {
		for len(p.waiting) == 0 && !p.ended {
			p.changed.Wait()
		}
		if p.ended {
			return nil
		}
		j := p.waiting[0]
		p.waiting = slices.Delete(p.waiting, 0, 1)
		// A caller that has not been scheduled since its deadline could not leave by itself.
		err := j.gone()
		if err == nil {
			return j
		}
		j.err = left(err)
		close(j.done)
	}
}

// learn takes a job's time into the average.
func (p *pool) learn(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mean == 0 {
		p.mean = took
		return
	}
	p.mean += (took - p.mean) / 8
}

// end sends away all who wait, and the workers home.
func (p *pool) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	for _, j := range p.waiting {
		j.err = &BusyError{RetryAfter: restart}
		close(j.done)
	}
	p.waiting = nil
	p.changed.Broadcast()
}

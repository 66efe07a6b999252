package verify

import (
	"context"
	"fmt"
	"time"
)

// Status is what a verifier knows at the moment, for gauges and a status page.
type Status struct {
	Age   time.Duration // how old what is known is: the budget is its limit
	Kills int           // kills that are kept
	Keys  int           // keys that tokens may be signed by
}

// Status returns what the verifier knows. Age is negative as long as it knows nothing.
func (v *Verifier) Status() Status {
	if v == nil || v.c == nil {
		return Status{Age: -1}
	}
	s := Status{Age: -1, Kills: v.c.kills.Len(), Keys: v.c.keys.len()}
	if known := v.c.fresh.at.Load(); known != nil {
		s.Age = max(0, known.age(time.Now()))
	}
	return s
}

// Ready returns nil if tokens can be accepted: not [ErrNotReady], not [ErrStale]. Its text says what
// failed last. It is for a readiness probe, if a service without authd has nothing to do.
func (v *Verifier) Ready() error {
	_, err := v.known(time.Now())
	if err == nil && v.c.keys.set.Load() == nil {
		err = errNoKeysYet
	}
	if err == nil || v == nil || v.c == nil {
		return err
	}
	v.c.mu.Lock()
	defer v.c.mu.Unlock()
	if v.c.lastErr == nil {
		return err
	}
	return fmt.Errorf("%w: %w", err, v.c.lastErr)
}

// WaitReady returns when [Verifier.Ready] is nil, or with its error and ctx's when ctx ends. Run must be
// running.
func (v *Verifier) WaitReady(ctx context.Context) error {
	for {
		if v == nil || v.c == nil {
			return ErrNotReady
		}
		news := v.c.nextNews()
		err := v.Ready()
		if err == nil {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", err, context.Cause(ctx))
		}
	}
}

// nextNews returns a channel that is closed when the next poll has ended.
func (c *core) nextNews() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.news == nil {
		c.news = make(chan struct{})
	}
	return c.news
}

// polled tells everybody how a poll has ended.
func (c *core) polled(err error) {
	c.mu.Lock()
	c.lastErr = err
	if c.news != nil {
		close(c.news)
		c.news = nil
	}
	c.mu.Unlock()
	if c.hooks.Polled != nil {
		c.hooks.Polled(err)
	}
}

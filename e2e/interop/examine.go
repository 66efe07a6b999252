//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// result is what came of one software with one algorithm.
type result struct {
	tokens  error         // nil: takes what is good and refuses what is not
	planned error         // nil: took the first token of a key that was published before it signed
	after   error         // nil: took tokens of a key that signed the moment it was made known
	waited  time.Duration // for that
}

// err says all that is wrong.
func (r *result) err() error { return errors.Join(r.tokens, r.planned, r.after) }

// unsupported is what software said that does not have an algorithm.
type unsupported string

func (u unsupported) Error() string { return string(u) }

// examiner puts the questions to all software at one deployment.
type examiner struct {
	d       *deployment
	foreign string // a token of another issuer
	all     []software
	// turns says whether to wait for a planned turn of the key, which takes half a minute.
	turns bool

	verifiers []verifier
	results   []result
}

// examine asks, in this order: is a good token taken, and is one refused that was changed, that another
// issuer signed, that is for another audience, and that is a page of the feed; is the first token of the next key taken, which was in the
// key set all the time, and an expired one refused; and after the active key was killed, is a token of the
// key taken that nobody could know before.
func (e *examiner) examine(ctx context.Context) ([]result, error) {
	e.verifiers, e.results = make([]verifier, len(e.all)), make([]result, len(e.all))
	first, err := e.d.refresh(ctx)
	if err != nil {
		return nil, err
	}
	page, err := e.d.page(ctx)
	if err != nil {
		return nil, err
	}
	e.each(func(i int) {
		err := e.begin(ctx, i, first, page)
		if word := e.all[i].without[e.d.alg]; err != nil && word != "" && strings.Contains(err.Error(), word) {
			err = unsupported(word)
		}
		e.results[i].tokens = err
	})
	if e.turns {
		if err := e.turn(ctx, first); err != nil {
			return nil, err
		}
	}
	return e.results, e.kill(ctx)
}

// each does the same for all that verify, side by side.
func (e *examiner) each(do func(i int)) {
	var wg sync.WaitGroup
	for i := range e.all {
		if e.results[i].tokens == nil {
			wg.Go(func() { do(i) })
		}
	}
	wg.Wait()
}

func (e *examiner) begin(ctx context.Context, i int, good, page string) (err error) {
	if e.verifiers[i], err = e.all[i].start(ctx, e.d); err != nil {
		return err
	}
	// A gateway may need a moment until it listens.
	if _, err := e.until(ctx, i, good, 10*time.Second); err != nil {
		return fmt.Errorf("refuses a good token: %w", err)
	}
	for what, bad := range map[string]string{
		"a changed token": tampered(good), "a token of another issuer": e.foreign,
		"a token for another audience": e.d.elsewhere, "a page of the feed": page,
	} {
		if err := e.refuses(ctx, i, bad, good); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

// refuses asks about a bad token, and then about a good one: what is broken refuses that, too.
func (e *examiner) refuses(ctx context.Context, i int, bad, good string) error {
	if e.verifiers[i].verify(ctx, bad) == nil {
		return errors.New("taken")
	}
	if err := e.verifiers[i].verify(ctx, good); err != nil {
		return fmt.Errorf("a good one is refused after it: %w", err)
	}
	return nil
}

// until asks again and again whether a token is taken, and returns how long that took.
func (e *examiner) until(ctx context.Context, i int, token string, limit time.Duration) (time.Duration, error) {
	began := time.Now()
	for {
		err := e.verifiers[i].verify(ctx, token)
		if err == nil || time.Since(began) > limit || ctx.Err() != nil {
			return time.Since(began), err
		}
		pause(ctx, 100*time.Millisecond)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// turn has the next key sign, by plan.
func (e *examiner) turn(ctx context.Context, first string) error {
	if _, err := e.d.command(ctx, "keys", "rotate"); err != nil {
		return err
	}
	next := first
	for began := time.Now(); kidOf(next) == kidOf(first); {
		if time.Since(began) > 2*patience || ctx.Err() != nil {
			return errors.New("the key does not turn")
		}
		pause(ctx, time.Second)
		var err error
		if next, err = e.d.refresh(ctx); err != nil {
			return err
		}
	}
	e.each(func(i int) {
		// It was published all the time: there is nothing to wait for.
		e.results[i].planned = e.verifiers[i].verify(ctx, next)
		if err := e.refuses(ctx, i, first, next); err != nil {
			e.results[i].tokens = fmt.Errorf("an expired token: %w", err)
		}
	})
	return nil
}

// kill kills keys until one signs that nobody could have fetched before.
func (e *examiner) kill(ctx context.Context) error {
	last, err := e.d.refresh(ctx)
	if err != nil {
		return err
	}
	kills := 2 // the spare is known from the beginning, the one after it is not
	if e.turns {
		kills = 1 // it has had its turn
	}
	for range kills {
		if last, err = e.killOnce(ctx, last); err != nil {
			return err
		}
	}
	// What is asked again until it is taken may take longer than a token lives, so each question gets its own.
	tokens := make(chan string)
	minting, done := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { e.mint(minting, last, tokens) })
	defer wg.Wait()
	defer done()
	e.each(func(i int) {
		r := &e.results[i]
		began := time.Now()
		for {
			r.after = e.verifiers[i].verify(ctx, <-tokens)
			r.waited = time.Since(began)
			if r.after == nil || r.waited > 90*time.Second {
				return
			}
			pause(ctx, 250*time.Millisecond)
		}
	})
	return nil
}

// killOnce kills the key of a token, and returns a token of the one that signs then.
func (e *examiner) killOnce(ctx context.Context, token string) (string, error) {
	dead := kidOf(token)
	if _, err := e.d.command(ctx, "keys", "kill", "--yes", "--", dead); err != nil {
		return "", err
	}
	for began := time.Now(); time.Since(began) < patience; {
		next, err := e.d.refresh(ctx)
		if err != nil {
			return "", err
		}
		if kidOf(next) != dead {
			return next, nil
		}
		pause(ctx, 20*time.Millisecond)
	}
	return "", errors.New("a killed key goes on signing")
}

// mint hands out access tokens that live for some more seconds.
func (e *examiner) mint(ctx context.Context, token string, tokens chan<- string) {
	for made := time.Now(); ; {
		if time.Since(made) > accessTTL/3 {
			if next, err := e.d.refresh(ctx); err == nil {
				token, made = next, time.Now()
			}
		}
		select {
		case tokens <- token:
		case <-ctx.Done():
			return
		}
	}
}

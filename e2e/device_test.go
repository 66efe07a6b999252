//go:build unix

package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// device is a client as a good app is one: it keeps its last pair of tokens, and when a request had no
// answer, or 503, it asks the same again. It never shows a refresh token after it has seen a successor.
// So whatever befalls the service, it must never be taken for a thief.
type device struct {
	*soak
	number int
	random *rand.Rand
	http   *http.Client
	user   credentials
	live   pair
	ended  []ended // sessions whose logout was acknowledged
	users  int     // how many it has registered
}

// ended is a session whose end was acknowledged.
type ended struct {
	last  pair
	alone bool // it was ended by itself, so it has a kill of its own
}

// run uses the service until the soak is over. An error is a promise that the service broke.
func (d *device) run(ctx context.Context) error {
	if err := d.begin(ctx); err != nil {
		return fmt.Errorf("device %d: %w", d.number, err)
	}
	for {
		select {
		case <-d.over:
			return nil
		default:
		}
		if err := d.step(ctx); err != nil {
			return fmt.Errorf("device %d: %w", d.number, err)
		}
	}
}

func (d *device) begin(ctx context.Context) error {
	if err := d.register(ctx); err != nil {
		return err
	}
	return d.signIn(ctx)
}

func (d *device) step(ctx context.Context) error {
	switch n := d.random.IntN(100); {
	case n < 1:
		return d.register(ctx)
	case n < 6:
		return d.logOut(ctx, "session")
	case n < 8:
		return d.logOut(ctx, "all")
	case n < 14:
		return d.haunt(ctx)
	case n < 22:
		return d.look(ctx)
	case n < 40:
		return d.race(ctx)
	default:
		return d.refresh(ctx)
	}
}

// insist asks, now this process and now that, until there is an answer other than 503. More than once
// means that the request may have been done before.
func (d *device) insist(ctx context.Context, r request) (a answer, asked int, err error) {
	for asked = 0; ; {
		p := d.fleet.pick()
		if p != nil {
			asked++
			a, err = send(ctx, d.http, p.addr, r)
			switch {
			case err != nil:
				d.broken.Add(1)
			case a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "":
				d.unavailable.Add(1)
			case a.status >= http.StatusInternalServerError:
				return a, asked, fmt.Errorf("%s: got %v", r.path, a)
			default:
				d.answered.Add(1)
				return a, asked, nil
			}
		}
		select {
		case <-ctx.Done():
			return a, asked, errors.Join(fmt.Errorf("%s: no answer", r.path), ctx.Err(), err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// register makes a user, who from then on exists. The first of them is who signs in.
func (d *device) register(ctx context.Context) error {
	who := user(fmt.Sprintf("user-%d-%d", d.number, d.users))
	a, asked, err := d.insist(ctx, request{path: "/register", body: who})
	if err != nil {
		return err
	}
	again := asked > 1 && a.status == http.StatusConflict // the answer to the first time was lost
	if a.status != http.StatusCreated && !again {
		return fmt.Errorf("register: got %v, want 201", a)
	}
	if d.users == 0 {
		d.user = who
	}
	d.users++
	return nil
}

func (d *device) signIn(ctx context.Context) error {
	a, _, err := d.insist(ctx, request{path: "/login", body: d.user})
	if err != nil {
		return err
	}
	d.live, err = a.pair()
	return err
}

func (d *device) refresh(ctx context.Context) error {
	next, err := d.successor(ctx)
	if err != nil {
		return err
	}
	d.live = next
	return nil
}

// race shows the token in two tabs, which both go on only when both have their answers.
func (d *device) race(ctx context.Context) error {
	var tabs [2]pair
	g, ctx := errgroup.WithContext(ctx)
	for i := range tabs {
		g.Go(func() (err error) {
			tabs[i], err = d.successor(ctx)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	d.live = tabs[d.random.IntN(2)]
	return nil
}

// successor asks for the pair that follows the live one, and notes it.
func (d *device) successor(ctx context.Context) (next pair, err error) {
	a, _, err := d.insist(ctx, refreshing(d.live.RefreshToken))
	if err != nil {
		return next, err
	}
	if next, err = a.pair(); err != nil {
		return next, fmt.Errorf("refresh: %w", err)
	}
	return next, d.note(d.live, next)
}

// look uses the access token, which is live as long as the session is.
func (d *device) look(ctx context.Context) error {
	a, _, err := d.insist(ctx, request{path: "/me", bearer: d.live.AccessToken})
	if err == nil && a.status != http.StatusOK {
		err = fmt.Errorf("/me with a live token: got %v, want 200", a)
	}
	return err
}

// logOut ends the session, or all of the user's, and opens another.
func (d *device) logOut(ctx context.Context, scope string) error {
	r := request{path: "/logout", body: map[string]string{"scope": scope}, bearer: d.live.AccessToken}
	if d.random.IntN(2) == 0 {
		r.body = map[string]string{"scope": scope, "refresh_token": d.live.RefreshToken}
	}
	a, asked, err := d.insist(ctx, r)
	if err != nil {
		return err
	}
	// Only who is signed in may end other sessions. Where the answer to the first time was lost, this
	// is what says that it was done.
	done := scope == "all" && asked > 1 && a.status == http.StatusUnauthorized
	if a.status != http.StatusNoContent && !done {
		return fmt.Errorf("logout: got %v, want 204", a)
	}
	d.ended = append(d.ended, ended{d.live, scope == "session"})
	return d.signIn(ctx)
}

// haunt shows what belongs to a session whose end was acknowledged.
func (d *device) haunt(ctx context.Context) error {
	if len(d.ended) == 0 {
		return nil
	}
	return d.wantDead(ctx, d.ended[d.random.IntN(len(d.ended))])
}

// wantDead checks that an acknowledged logout has not been undone.
func (d *device) wantDead(ctx context.Context, e ended) error {
	a, _, err := d.insist(ctx, refreshing(e.last.RefreshToken))
	if err != nil {
		return err
	}
	if a.status != http.StatusUnauthorized || a.code() != "session_revoked" {
		return fmt.Errorf("refresh of a session that was logged out: got %v, want 401 session_revoked", a)
	}
	return d.awaitDead(ctx, e)
}

// awaitDead asks for as long as the access token opens something. A process that did not do the logout
// itself hears of it by its next poll, and then never forgets it; as good as all have heard by now.
func (d *device) awaitDead(ctx context.Context, e ended) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		a, _, err := d.insist(ctx, request{path: "/me", bearer: e.last.AccessToken})
		switch {
		case err != nil:
			return fmt.Errorf("/me of a session that was logged out is not refused: %w", err)
		case a.status == http.StatusUnauthorized:
			return nil
		case a.status != http.StatusOK:
			return fmt.Errorf("/me of a session that was logged out: got %v, want 401", a)
		}
	}
}

// settle checks, when all is quiet, everything that was ever acknowledged to this device.
func (d *device) settle(ctx context.Context) error {
	for _, e := range d.ended {
		if err := d.wantDead(ctx, e); err != nil {
			return err
		}
	}
	if err := d.look(ctx); err != nil {
		return err
	}
	if err := d.refresh(ctx); err != nil {
		return err
	}
	for n := range d.users {
		d.user = user(fmt.Sprintf("user-%d-%d", d.number, n))
		if err := d.signIn(ctx); err != nil {
			return fmt.Errorf("sign in a user whose registration was acknowledged: %w", err)
		}
	}
	return nil
}

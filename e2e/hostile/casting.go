//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

const victims = 3

// casting opens everybody whom the requests are about. Ghost has tokens that have expired already.
func (d *desk) casting(ctx context.Context, ghost *account, insiders int) (*cast, error) {
	c := &cast{admin: d.admin, dead: []*account{ghost}, public: d.server.public, private: d.server.private}
	for n := range victims {
		v, err := d.open(ctx, fmt.Sprintf("victim-%d", n), theirs, ofVictims)
		if err != nil {
			return nil, err
		}
		c.victims = append(c.victims, v)
	}
	for range insiders {
		a, err := d.insider(ctx)
		if err != nil {
			return nil, err
		}
		s := &slot{}
		s.Store(a)
		c.insiders = append(c.insiders, s)
	}
	var err, err2 error
	c.machine, err = d.client(ctx, "insiders'")
	c.prey, err2 = d.client(ctx, "prey")
	return c, errors.Join(err, err2, d.bury(ctx, c), d.forge(ctx, c))
}

// bury makes accounts whose tokens are over: of a session that ended, of a user who was disabled, and of one who is gone.
func (d *desk) bury(ctx context.Context, c *cast) error {
	for name, end := range map[string]func(*account) call{
		"ended": func(a *account) call {
			return call{from: ofDesk, method: "POST", path: "/logout", json: map[string]string{"refresh_token": a.refresh}, status: 204}
		},
		"disabled": func(a *account) call {
			return call{from: ofDesk, method: "PATCH", path: "/admin/users/" + a.id, json: map[string]bool{"disabled": true}, private: true, status: 200}
		},
		"deleted": func(a *account) call {
			return call{from: ofDesk, method: "DELETE", path: "/admin/users/" + a.id, private: true, status: 204}
		},
	} {
		a, err := d.open(ctx, name, theirs, ofDesk)
		if err != nil {
			return err
		}
		if err := d.ask(ctx, end(a), nil); err != nil {
			return err
		}
		c.dead = append(c.dead, a)
	}
	return nil
}

// forge reads what everybody may read, and makes tokens and cursors of it.
func (d *desk) forge(ctx context.Context, c *cast) error {
	var keySet, page []byte
	err := errors.Join(
		d.ask(ctx, call{from: ofDesk, method: "GET", path: "/.well-known/jwks.json", status: 200}, &keySet),
		d.ask(ctx, call{from: ofDesk, method: "GET", path: "/revocations", status: 200}, &page))
	if err != nil {
		return err
	}
	var set struct{ Keys []struct{ Kid string } }
	if err := json.Unmarshal(keySet, &set); err != nil {
		return err
	}
	for _, k := range set.Keys {
		c.kids = append(c.kids, k.Kid)
		forged, err := forge(c.victims[0].access, keySet, k.Kid)
		if err != nil {
			return err
		}
		c.forged = append(c.forged, forged...)
	}
	c.page = strings.TrimSpace(string(page))
	var at struct {
		Feed string `json:"feed_id"`
		To   int64
		Mark string
	}
	if err := payload(c.page, &at); err != nil {
		return err
	}
	for _, cursor := range []string{"%s.0.%s", "%s.1.%s", "%s.999999999.%s", "%s.-1.%s", "%s.01.%s", "x%s.1.%s"} {
		c.cursors = append(c.cursors, fmt.Sprintf(cursor, at.Feed, at.Mark))
	}
	return nil
}

// spared says which victims were touched: each must go on with the tokens that it has, and be let in by its password from
// where it always came, however many guessed.
func (d *desk) spared(ctx context.Context, c *cast) (err error) {
	for _, v := range c.victims {
		var me struct{ ID string }
		asked := d.ask(ctx, call{from: ofVictims, method: "GET", path: "/me", bearer: v.access, status: 200}, &me)
		if asked != nil && !strings.Contains(asked.Error(), `"invalid_token"`) { // it may have expired by itself
			err = errors.Join(err, asked)
		}
		if _, refused := d.refresh(ctx, v, ofVictims); refused != nil {
			err = errors.Join(err, fmt.Errorf("%s cannot refresh: %w", v.name, refused))
		}
		if _, refused := d.signIn(ctx, v, ofVictims); refused != nil {
			err = errors.Join(err, fmt.Errorf("%s cannot sign in: %w", v.name, refused))
		}
	}
	return err
}

//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
)

// Where they come from decides whose guesses count against whom, so each has an address of its own.
const (
	attackers = "127.0.0.1"
	ofVictims = "127.0.0.2"
	ofDesk    = "127.0.0.3"
)

// desk asks authd as honest clients do: it opens the accounts that the requests are about.
type desk struct {
	server *server
	admin  string
	http   map[string]*http.Client // :: the address to come from
	made   atomic.Int64            // accounts of insiders
}

func newDesk(s *server, admin string) *desk {
	d := &desk{server: s, admin: admin, http: map[string]*http.Client{}}
	for _, from := range []string{ofVictims, ofDesk} {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		d.http[from] = &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext}, Timeout: patience}
	}
	return d
}

func (d *desk) close() {
	for _, c := range d.http {
		c.CloseIdleConnections()
	}
}

// call is a right request.
type call struct {
	from, method, path   string
	json                 any
	form                 url.Values
	bearer, user, secret string
	status               int
	private              bool
}

// ask wants the status and fills what the answer has.
func (d *desk) ask(ctx context.Context, c call, into any) error {
	address, media, body := d.server.public, "", []byte(nil)
	if c.private {
		address, c.bearer = d.server.private, d.admin
	}
	if c.json != nil {
		text, err := json.Marshal(c.json)
		if err != nil {
			return err
		}
		media, body = mediaJSON, text
	} else if c.form != nil {
		media, body = mediaForm, []byte(c.form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, c.method, "http://"+address+c.path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	if c.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	if c.user != "" {
		r.SetBasicAuth(c.user, c.secret)
	}
	response, err := d.http[c.from].Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return err
	case response.StatusCode != c.status:
		return fmt.Errorf("%s %s: got %d %s, want %d", c.method, c.path, response.StatusCode, clip(text, 300), c.status)
	case into == nil:
		return nil
	}
	if raw, isBytes := into.(*[]byte); isBytes {
		*raw = text
		return nil
	}
	return json.Unmarshal(text, into)
}

// pair is the part of a token pair that is kept.
type pair struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Session string `json:"session_id"`
}

// with is the account with the tokens of a pair.
func (a account) with(p pair) (*account, error) {
	a.parent, a.access, a.refresh, a.session = a.refresh, p.Access, p.Refresh, p.Session
	var claims struct{ Jti string }
	parts := strings.Split(p.Access, ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("an access token has %d parts", len(parts))
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &claims); err != nil {
		return nil, err
	}
	if a.machine = claims.Jti; a.parent == "" {
		a.parent = a.refresh
	}
	return &a, nil
}

// open makes an account with a session and a reset token.
func (d *desk) open(ctx context.Context, name, known, from string) (*account, error) {
	a := account{name: name, known: known}
	credentials := map[string]string{"username": name, "password": known}
	var made struct{ ID string }
	if err := d.ask(ctx, call{from: ofDesk, method: "POST", path: "/admin/users", json: credentials, private: true, status: 201}, &made); err != nil {
		return nil, err
	}
	a.id = made.ID
	p, err := d.signIn(ctx, &a, from)
	if err != nil {
		return nil, err
	}
	var reset struct{ Token string }
	if err := d.ask(ctx, call{from: ofDesk, method: "POST", path: "/admin/users/" + a.id + "/password-reset", private: true, status: 201}, &reset); err != nil {
		return nil, err
	}
	a.reset = reset.Token
	return a.with(p)
}

func (d *desk) signIn(ctx context.Context, a *account, from string) (p pair, err error) {
	credentials := map[string]string{"username": a.name, "password": a.known}
	return p, d.ask(ctx, call{from: from, method: "POST", path: "/login", json: credentials, status: 200}, &p)
}

func (d *desk) refresh(ctx context.Context, a *account, from string) (*account, error) {
	var p pair
	c := call{from: from, method: "POST", path: "/refresh", json: map[string]string{"refresh_token": a.refresh}, status: 200}
	if err := d.ask(ctx, c, &p); err != nil {
		return nil, err
	}
	return a.with(p)
}

// insider opens another account for who attacks from inside.
func (d *desk) insider(ctx context.Context) (*account, error) {
	a, err := d.open(ctx, fmt.Sprintf("insider-%d", d.made.Add(1)), password, ofDesk)
	if err != nil {
		return nil, err
	}
	return d.refresh(ctx, a, ofDesk)
}

func (d *desk) client(ctx context.Context, name string) (c client, err error) {
	var made struct{ ID, Secret string }
	body := map[string]any{"name": name, "scopes": []string{"reader", "writer"}}
	if err := d.ask(ctx, call{from: ofDesk, method: "POST", path: "/admin/clients", json: body, private: true, status: 201}, &made); err != nil {
		return c, err
	}
	c.id, c.secret = made.ID, made.Secret
	var p pair
	form := url.Values{"grant_type": {"client_credentials"}}
	err = d.ask(ctx, call{from: ofDesk, method: "POST", path: "/oauth/token", form: form, user: c.id, secret: c.secret, status: 200}, &p)
	c.token = p.Access
	return c, err
}

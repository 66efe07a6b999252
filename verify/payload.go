package verify

import (
	"errors"
	"strings"
	"time"

	"github.com/authd/authd/verify/internal/live"
	"github.com/authd/authd/verify/internal/strictjson"
)

// maxLifetime is the longest time from iat to exp that is accepted, whatever the issuer thinks: kills
// are kept for as long as the longest token of an authd can live, which is an hour at most.
const maxLifetime = time.Hour

var (
	errIssuer   = errors.New("another issuer")
	errAudience = errors.New("not for this audience")
	errMissing  = errors.New("a claim is missing or empty")
	errFuture   = errors.New("issued in the future, or not valid yet")
	errLifetime = errors.New("its lifetime is longer than an hour, or negative")
	errClaims   = errors.New("the claims are not those of an access token")
)

// payload is what a payload says, for whoever asked for an issuer and an audience.
type payload struct {
	token
	ours, forUs bool // iss and aud are those
	counts      int  // of exp, iat and epoch, of which none may be missing
}

// readPayload reads the claims of RFC 9068 with sid and epoch. Others may be there and are passed over.
func readPayload(body []byte, issuer, audience string) (*payload, error) {
	r, err := strictjson.NewReader(body)
	if err != nil {
		return nil, errClaims
	}
	p := new(payload)
	err = r.Object(func(name []byte) (err error) {
		switch string(name) {
		case "iss":
			p.ours, err = equal(r, issuer)
		case "aud":
			p.forUs, err = oneOf(r, audience)
		default:
			err = p.member(r, string(name))
		}
		return err
	})
	if err != nil || r.End() != nil {
		return nil, errClaims
	}
	return p, nil
}

func (p *payload) member(r *strictjson.Reader, name string) (err error) {
	switch name {
	case "sub":
		p.subject, err = text(r)
	case "sid":
		p.session, err = text(r)
		if p.session == "" {
			return errMissing // a session that cannot be named cannot be ended
		}
	case "jti":
		p.id, err = text(r)
	case "client_id":
		p.client, err = text(r)
	case "roles":
		p.roles, err = texts(r)
	case "scope":
		p.scopes, err = scopes(r)
	case "auth_time":
		p.authTime, err = r.Int()
	case "nbf":
		p.notBefore, err = r.Int()
	case "exp":
		p.expiry, err = p.count(r)
	case "iat":
		p.issuedAt, err = p.count(r)
	case "epoch":
		p.epoch, err = p.count(r)
	default:
		err = r.Skip()
	}
	return err
}

func (p *payload) count(r *strictjson.Reader) (int64, error) {
	p.counts++
	return r.Int()
}

// check judges what does not change while a token lives.
func (p *payload) check() error {
	lifetime := p.expiry - p.issuedAt
	switch {
	case !p.ours:
		return errIssuer
	case !p.forUs:
		return errAudience
	case p.subject == "" || p.id == "" || p.client == "" || p.counts != 3:
		return errMissing
	case lifetime < 0 || lifetime > int64(maxLifetime/time.Second):
		return errLifetime
	}
	return nil
}

// seal adds what kills are looked up by. The token is not written any more after that.
func (p *payload) seal() *token {
	t := &p.token
	t.subjectKill, t.idKey = live.DigestOf(t.subject), live.DigestOf(t.id)
	if t.session != "" {
		t.sessionKill = live.DigestOf(t.session)
	}
	return t
}

// times judges what the clock says, with leeway to both sides.
func (t *token) times(now time.Time, leeway time.Duration) error {
	switch {
	case !now.Before(time.Unix(t.expiry, 0).Add(leeway)):
		return ErrExpired
	case now.Add(leeway).Before(time.Unix(max(t.issuedAt, t.notBefore), 0)):
		return errNotYet
	}
	return nil
}

var errNotYet = invalid(errFuture)

func text(r *strictjson.Reader) (string, error) {
	b, err := r.String()
	return string(b), err
}

func texts(r *strictjson.Reader) (all []string, err error) {
	err = r.Array(func() error {
		one, err := text(r)
		all = append(all, one)
		return err
	})
	return all, err
}

// scopes reads a list of scopes between single spaces (RFC 8693, section 4.2, by RFC 6749, section 3.3), in
// their order. Another white space is no separator: who reads it as one finds scopes that nobody granted.
func scopes(r *strictjson.Reader) ([]string, error) {
	list, err := text(r)
	if err != nil {
		return nil, err
	}
	all := strings.Split(list, " ")
	for _, one := range all {
		if !isScope(one) {
			return nil, errClaims
		}
	}
	return all, nil
}

func equal(r *strictjson.Reader, want string) (bool, error) {
	b, err := r.String()
	return string(b) == want, err
}

// oneOf reads aud, which is a string or an array of strings (RFC 7519, section 4.1.3).
func oneOf(r *strictjson.Reader, want string) (found bool, err error) {
	if r.Next() == '"' {
		return equal(r, want)
	}
	err = r.Array(func() error {
		one, err := equal(r, want)
		found = found || one
		return err
	})
	return found, err
}

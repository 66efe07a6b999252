package conformance

import (
	"bytes"
	"crypto"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	jwxt "github.com/lestrrat-go/jwx/v3/jwt"

	ours "github.com/authd/authd/verify/internal/jws"
)

// peers are the libraries that ours is compared with, each with the key set of the vectors.
type peers struct {
	issuer, audience string
	now              time.Time
	leeway           time.Duration

	ours []*ours.Key
	jwx  jwk.Set
}

func newPeers(t testing.TB, v *tokenVectors) *peers {
	t.Helper()
	body := vectorFile(t, "keys.json")
	keys, faults, err := ours.ParseSet(body)
	if err != nil || len(faults) > 0 {
		t.Fatal(err, faults)
	}
	set, err := jwk.Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	c := &v.Conditions
	return &peers{c.Issuer, c.Audience, time.Unix(c.Time, 0), time.Duration(c.Leeway) * time.Second, keys, set}
}

// public returns the key with a kid and its algorithm.
func (p *peers) public(kid string) (key crypto.PublicKey, alg string) {
	for _, k := range p.ours {
		if k.ID() == kid {
			return k.Public(), k.Algorithm()
		}
	}
	return nil, ""
}

// sameMessage says whether jwx opens a text that ours has opened, to the same payload.
func (p *peers) sameMessage(text, payload []byte) error {
	theirs, err := jws.Verify(text, jws.WithKeySet(p.jwx, jws.WithRequireKid(true)), jws.WithCompact())
	if err != nil {
		return fmt.Errorf("jwx refuses it: %w", err)
	}
	if !bytes.Equal(theirs, payload) {
		return fmt.Errorf("jwx reads %q, and ours %q", theirs, payload)
	}
	return nil
}

// identity is what a service does with a token: it lets this subject in.
type identity struct{ subject, tokenID, session string }

// jwxIdentity is what jwx reads from a token, if it is good to it.
func (p *peers) jwxIdentity(text string) (who identity, err error) {
	token, err := jwxt.ParseString(text, jwxt.WithKeySet(p.jwx), jwxt.WithIssuer(p.issuer), jwxt.WithAudience(p.audience),
		jwxt.WithAcceptableSkew(p.leeway), jwxt.WithClock(jwxt.ClockFunc(func() time.Time { return p.now })),
		jwxt.WithRequiredClaim("exp"))
	if err != nil {
		return who, err
	}
	who.subject, _ = token.Subject()
	who.tokenID, _ = token.JwtID()
	_ = token.Get("sid", &who.session)
	return who, nil
}

// golangIdentity is what golang-jwt reads from a token, if it is good to it.
func (p *peers) golangIdentity(text string) (who identity, err error) {
	claims := jwt.MapClaims{}
	_, err = jwt.NewParser(jwt.WithIssuer(p.issuer), jwt.WithAudience(p.audience), jwt.WithLeeway(p.leeway),
		jwt.WithTimeFunc(func() time.Time { return p.now }), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithValidMethods([]string{"ES256", "EdDSA", "RS256"}), jwt.WithStrictDecoding(),
	).ParseWithClaims(text, claims, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		key, alg := p.public(kid)
		if alg == "" || t.Method.Alg() != alg {
			return nil, fmt.Errorf("no key %q for %s", kid, t.Method.Alg())
		}
		return key, nil
	})
	if err != nil {
		return who, err
	}
	who.subject, _ = claims["sub"].(string)
	who.tokenID, _ = claims["jti"].(string)
	who.session, _ = claims["sid"].(string)
	return who, nil
}

// samePublic says whether jwx reads the key that ours has read from a set.
func samePublic(set jwk.Set, key *ours.Key) error {
	for i := range set.Len() {
		theirs, _ := set.Key(i)
		if kid, _ := theirs.KeyID(); kid != key.ID() {
			continue
		}
		var raw any
		if err := jwk.Export(theirs, &raw); err != nil {
			return fmt.Errorf("jwx does not take the key: %w", err)
		}
		comparable, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
		if !ok || !comparable.Equal(raw) {
			return fmt.Errorf("jwx reads %v, and ours %v", raw, key.Public())
		}
		return nil
	}
	return fmt.Errorf("jwx has no key %q", key.ID())
}

type tokenVectors struct {
	Conditions struct {
		Issuer, Audience, Page string
		Time, Leeway           int64
	}
	Tokens []struct{ Name, Outcome, Token string }
}

func loadTokens(t testing.TB) *tokenVectors {
	t.Helper()
	v := new(tokenVectors)
	if err := json.Unmarshal(vectorFile(t, "tokens.json"), v); err != nil {
		t.Fatal(err)
	}
	return v
}

package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// What every vector is judged by. The moment is that of the example in docs/feed.md.
const (
	issuer      = "https://auth.example.com"
	audience    = "https://api.example.com"
	moment      = 1795357626 // 2026-11-22T14:27:06Z
	leeway      = 30
	maxLifetime = 3600
	maxToken    = 8192
)

// The words of an outcome. README.md says what each means.
const (
	valid    = "valid"
	invalid  = "invalid"
	expired  = "expired"
	revoked  = "revoked"
	stale    = "stale"
	notReady = "not_ready"
)

// Who the tokens are about. What is killed is so by the entries of tokens.json.
const (
	user          = "019aabfc-5be4-7d5a-9d0f-3c41a4f0c2ee"
	session       = "AZqr_FvkfVqdDzxBpPDC7g"
	tokenID       = "q83vEjRWeJCrze8S"
	client        = "019aab00-1a2b-7c3d-8e4f-5a6b7c8d9e0f"
	raisedUser    = "019aabfc-9c01-7e11-8a22-b3c4d5e6f708" // below the epoch 4
	killedSession = "AZqsAm1kd1-aG2xNPk9QYQ"
	killedTokenID = "S0lMTC1USElTLTEy"
)

// A tokenCase is one token and what it is worth.
type tokenCase struct {
	Name    string   `json:"name"`
	Cases   []string `json:"cases,omitempty"`
	Outcome string   `json:"outcome"`
	Minted  bool     `json:"minted,omitempty"`
	Strict  bool     `json:"strict,omitempty"`
	Token   string   `json:"token"`
}

// conditions are what the tokens of tokens.json are judged by.
type conditions struct {
	Issuer      string            `json:"issuer"`
	Audience    string            `json:"audience"`
	Time        int64             `json:"time"`
	Leeway      int               `json:"leeway"`
	MaxLifetime int               `json:"max_lifetime"`
	MaxToken    int               `json:"max_token"`
	Page        string            `json:"page"`
	Entries     []json.RawMessage `json:"entries"`
}

func tokensFile(keys map[string]*key) any {
	b := &builder{keys: keys, es: keys["es256"]}
	b.good()
	b.types()
	b.algorithms()
	b.confusion()
	b.keyIDs()
	b.headers()
	b.json()
	b.spelling()
	b.segments()
	b.signatures()
	b.claims()
	b.times()
	b.killed()
	return struct {
		Conditions conditions  `json:"conditions"`
		Tokens     []tokenCase `json:"tokens"`
	}{b.conditions(), b.all}
}

func (b *builder) conditions() conditions {
	entries := []string{
		entry("sid", killedSession, moment+420),
		entry("jti", killedTokenID, moment+420),
		entry("sub", raisedUser, moment+420, 4),
		entry("kid", b.keys["killed"].kid, forever),
	}
	c := conditions{
		Issuer: issuer, Audience: audience, Time: moment, Leeway: leeway, MaxLifetime: maxLifetime, MaxToken: maxToken,
		Page: usualPage().with("entries", list(entries)).signed(b.es),
	}
	for _, e := range entries {
		c.Entries = append(c.Entries, json.RawMessage(e))
	}
	return c
}

// builder collects the tokens.
type builder struct {
	keys map[string]*key
	es   *key
	all  []tokenCase
}

func (b *builder) add(outcome, name, token string, cases ...string) *tokenCase {
	for _, other := range b.all {
		if other.Name == name {
			panic("two vectors are named " + name)
		}
	}
	b.all = append(b.all, tokenCase{Name: name, Cases: cases, Outcome: outcome, Token: token})
	return &b.all[len(b.all)-1]
}

func (b *builder) refuse(name, token string, cases ...string) *tokenCase {
	return b.add(invalid, name, token, cases...)
}

// refuseHeaded refuses a token with a good signature over this header and the usual claims.
func (b *builder) refuseHeaded(name string, header fmt.Stringer, cases ...string) *tokenCase {
	return b.refuse(name, b.es.token(header.String(), usual().String()), cases...)
}

// refuseClaims refuses a token with the usual header, a good signature and this payload.
func (b *builder) refuseClaims(name string, payload fmt.Stringer, cases ...string) *tokenCase {
	return b.refuse(name, b.mint(payload), cases...)
}

// mint signs claims as authd does.
func (b *builder) mint(payload fmt.Stringer) string {
	return b.es.token(head(b.es).String(), payload.String())
}

// head is the header that authd puts on access tokens, to the letter.
func head(k *key) object {
	return object{{"alg", quoted(k.alg)}, {"kid", quoted(k.kid)}, {"typ", quoted("at+jwt")}}
}

// usual are the claims of a token as authd writes them, to the letter.
func usual() object {
	return object{
		{"iss", quoted(issuer)}, {"sub", quoted(user)}, {"aud", quoted(audience)},
		{"exp", seconds(240)}, {"iat", seconds(-60)}, {"jti", quoted(tokenID)}, {"client_id", quoted("authd")},
		{"sid", quoted(session)}, {"auth_time", seconds(-3600)}, {"epoch", "3"},
	}
}

// text is JSON, or what pretends to be, as it stands.
type text string

func (t text) String() string { return string(t) }

// seconds is a time that is so far from the moment.
func seconds(from int64) string { return fmt.Sprint(moment + from) }

func list(values []string) string { return "[" + strings.Join(values, ",") + "]" }

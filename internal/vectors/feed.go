package main

import (
	"maps"
	"net/http"
)

// start is when a follower begins, in milliseconds. Its clock and authd's agree unless a page says
// otherwise.
const (
	start  = int64(moment) * 1000
	second = int64(1000)
	budget = 60
)

// A followerCase is what a follower that knows nothing gets to see, one step after another.
type followerCase struct {
	Name  string   `json:"name"`
	Cases []string `json:"cases,omitempty"`
	Steps []step   `json:"steps"`
}

// A step is an answer to the follower, or time that passes, and what holds after it.
type step struct {
	About      string            `json:"about,omitempty"`
	Sent       int64             `json:"sent"`
	Answered   int64             `json:"answered"`
	Status     int               `json:"status,omitempty"`
	Page       string            `json:"page,omitempty"`
	Outcome    string            `json:"outcome,omitempty"`
	Cursor     string            `json:"cursor"`
	KnownUntil *int64            `json:"known_until"`
	Tokens     map[string]string `json:"tokens"`
}

const (
	taken   = "taken"
	refused = "refused"
)

// feedConditions are what the followers of feed.json go by.
type feedConditions struct {
	Issuer   string `json:"issuer"`
	Audience string `json:"audience"`
	Leeway   int    `json:"leeway"`
	Budget   int    `json:"budget"`
	Apart    int    `json:"apart"`
}

func feedFile(keys map[string]*key) any {
	f := &feedBuilder{keys: keys, es: keys["es256"]}
	f.catchesUp()
	f.kills()
	f.gaps()
	f.clocks()
	f.replays()
	f.startsOver()
	f.failures()
	f.forgeries()
	f.malformed()
	return struct {
		Conditions feedConditions    `json:"conditions"`
		Tokens     map[string]string `json:"tokens"`
		Followers  []followerCase    `json:"followers"`
	}{feedConditions{issuer, audience, leeway, budget, 120}, f.tokens(), f.all}
}

// tokens are good tokens that live through all steps. Followers show what becomes of them.
func (f *feedBuilder) tokens() map[string]string {
	long := usual().with("exp", seconds(maxLifetime-60))
	sign := func(k *key, claims object) string { return k.token(head(k).String(), claims.String()) }
	return map[string]string{
		"plain":   sign(f.es, long),
		"eddsa":   sign(f.keys["eddsa"], long),
		"session": sign(f.es, long.with("sid", quoted(killedSession)).with("jti", quoted("AAAAAAAAAAAAAAA1"))),
		"token":   sign(f.es, long.with("jti", quoted(killedTokenID))),
		"epoch 3": sign(f.es, long.with("sub", quoted(raisedUser)).with("jti", quoted("AAAAAAAAAAAAAAA3"))),
		"epoch 4": sign(f.es, long.with("sub", quoted(raisedUser)).with("jti", quoted("AAAAAAAAAAAAAAA4")).with("epoch", "4")),
		"key":     sign(f.keys["killed"], long),
	}
}

// The entries that kill them.
var (
	killSession = entry("sid", killedSession, moment+3660)
	killToken   = entry("jti", killedTokenID, moment+3660)
	killBelow4  = entry("sub", raisedUser, moment+3660, 4)
)

func (f *feedBuilder) killKey() string { return entry("kid", f.keys["killed"].kid, forever) }

type feedBuilder struct {
	keys map[string]*key
	es   *key
	all  []followerCase
}

// follower is a case that is being written: what holds at the moment, to be changed by the next step.
type follower struct {
	f      *feedBuilder
	name   string
	cases  []string
	steps  []step
	cursor string
	known  *int64
	tokens map[string]string
}

// follow begins with a follower that is not ready.
func (f *feedBuilder) follow(name string, cases ...string) *follower {
	return &follower{f: f, name: name, cases: cases, tokens: map[string]string{"plain": notReady}}
}

// ready begins with a follower that has read a first page, at start, which reached the head at 3.
func (f *feedBuilder) ready(name string, cases ...string) *follower {
	w := f.follow(name, cases...)
	w.moves(newPage(start, 0, 3, 3), start).is("plain", valid)
	return w
}

func (w *follower) end() {
	w.f.all = append(w.f.all, followerCase{Name: w.name, Cases: w.cases, Steps: w.steps})
}

// moves takes a page that moves the cursor; if it reaches the head it renews, unless a later step says
// otherwise.
func (w *follower) moves(p page, at int64) *follower {
	w.cursor = p.cursor()
	w.known = &at
	return w.step(step{Sent: at, Answered: at, Status: http.StatusOK, Page: p.signed(w.f.es), Outcome: taken})
}

// stays takes a page that is authentic and neither moves the cursor nor renews.
func (w *follower) stays(p page, at int64) *follower {
	return w.step(step{Sent: at, Answered: at, Status: http.StatusOK, Page: p.signed(w.f.es), Outcome: taken})
}

// refuses gets a text that is no page for it.
func (w *follower) refuses(text string, at int64) *follower {
	return w.step(step{Sent: at, Answered: at, Status: http.StatusOK, Page: text, Outcome: refused})
}

// gets an answer that is no page.
func (w *follower) gets(status int, at int64) *follower {
	return w.step(step{Sent: at, Answered: at, Status: status})
}

// waits until a moment.
func (w *follower) waits(until int64) *follower {
	return w.step(step{Sent: until, Answered: until})
}

func (w *follower) step(s step) *follower {
	s.Cursor, s.KnownUntil, s.Tokens = w.cursor, w.known, maps.Clone(w.tokens)
	w.steps = append(w.steps, s)
	return w
}

func (w *follower) last() *step { return &w.steps[len(w.steps)-1] }

// is says what a token is worth from the last step on.
func (w *follower) is(token, outcome string) *follower {
	w.tokens[token], w.last().Tokens[token] = outcome, outcome
	return w
}

// knows says up to when revocations are known from the last step on; nil is never.
func (w *follower) knows(until *int64) *follower {
	w.known, w.last().KnownUntil = until, until
	return w
}

// asks says what the next request's cursor is.
func (w *follower) asks(cursor string) *follower {
	w.cursor, w.last().Cursor = cursor, cursor
	return w
}

func (w *follower) says(about string) *follower {
	w.last().About = about
	return w
}

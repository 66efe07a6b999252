//go:build unix

package main

import (
	"strings"
	"sync/atomic"
)

// password is that of the insiders, theirs that of the victims.
const (
	password = "a cup of tea at four"
	theirs   = "a pot of coffee at nine"
)

// account is a user with a session. It is never changed: who gets new tokens is another account.
type account struct {
	name, id, known  string // known is the password
	access, refresh  string
	session, machine string // machine is the jti of access
	reset            string // a reset token
	parent           string // the refresh token before
}

// client is a machine.
type client struct{ id, secret, token string }

// cast is everybody whom the requests are about.
type cast struct {
	admin    string     // the admin token
	victims  []*account // whom no request may touch
	insiders []*slot    // who attack the others with what is theirs
	dead     []*account // whose tokens are genuine and over

	machine, prey client // the insiders' client, and one that no request may touch

	forged  []string // access tokens that authd never signed
	kids    []string // of the signing keys
	page    string   // a signed page of the feed
	cursors []string // of the feed, out of genuine parts

	public, private string // addresses of the listeners
}

// slot is an insider: another account after the one before was lost.
type slot struct{ atomic.Pointer[account] }

// role is what a credential is for.
type role int

const (
	roleAccess role = iota
	roleRefresh
	roleReset
	roleAdmin
	roleSecret
	roleAny // a form takes an access or a refresh token
)

// genuine is a victim's credential of a role, or what is nearest to it. It is for spoiling alone.
func (c *cast) genuine(d *draft, r role) string {
	v := pick(d, c.victims)
	switch r {
	case roleAccess:
		return v.access
	case roleRefresh:
		return v.refresh
	case roleReset:
		return v.reset
	case roleAdmin:
		return c.admin
	case roleSecret:
		return c.prey.secret
	}
	return pick(d, []string{v.access, v.refresh, c.prey.token})
}

// bad is a text that is no credential of the role, or none any more, and what is wrong with it. Genuine tokens of
// victims are only ever shown where they are worth nothing.
func (c *cast) bad(d *draft, r role) (name, text string) {
	switch n := d.IntN(100); {
	case n < 40:
		return flipped(d, c.genuine(d, r))
	case n < 55:
		return bent(d, c.genuine(d, r))
	case n < 70 && (r == roleAccess || r == roleAny):
		return "forged", pick(d, c.forged)
	case n < 80:
		return c.confused(d, r)
	case n < 90 && len(c.dead) > 0:
		return c.over(d, r)
	}
	return "no token", pick(d, noTokens)
}

// confused is a genuine credential of another role.
func (c *cast) confused(d *draft, r role) (name, text string) {
	v := pick(d, c.victims)
	others := map[role]string{roleReset: v.reset, roleSecret: c.prey.secret}
	if r != roleAny {
		others[roleAccess], others[roleRefresh] = v.access, v.refresh
	}
	if r == roleAccess || r == roleAdmin { // else it is a form's or a body's, where it has no business at all
		others[roleAdmin] = c.admin
	}
	delete(others, r)
	if r == roleAdmin { // the insiders' is good on that listener alone
		delete(others, roleAdmin)
	}
	texts := []string{c.page, v.session, v.id, v.name, v.machine, c.prey.id}
	for _, other := range []role{roleAccess, roleRefresh, roleReset, roleAdmin, roleSecret} {
		if others[other] != "" {
			texts = append(texts, others[other])
		}
	}
	return "of another kind", pick(d, texts)
}

// over is a genuine token whose session, user or time has ended.
func (c *cast) over(d *draft, r role) (name, text string) {
	a := pick(d, c.dead)
	d.own(a)
	switch r {
	case roleAccess:
		return "of the dead", a.access
	case roleRefresh:
		return "of the dead", a.refresh
	case roleAny:
		return "of the dead", pick(d, []string{a.access, a.refresh})
	}
	return "of the dead", a.session
}

// flipped changes one bit of a text, at every place in its turn.
func flipped(d *draft, text string) (name, bad string) {
	b := []byte(text)
	if len(b) == 0 {
		return "empty", ""
	}
	b[d.IntN(len(b))] ^= 1 << d.IntN(7)
	return "one bit flipped", string(b)
}

// bends change a token as a careless reader would let pass.
var bends = []bend{
	{"twice", func(t string) string { return t + t }}, {"padded", with("", "=")}, {"padded twice", with("", "==")}, {"with a dot", with("", ".")}, {"with a letter", with("", "A")},
	{"reversed case", swapCase}, {"upper case", strings.ToUpper}, {"lower case", strings.ToLower}, {"with NUL", with("", "\x00")}, {"quoted", with(`"`, `"`)},
	{"two, by a comma", func(t string) string { return t + "," + t }}, {"standard alphabet", func(t string) string { return strings.NewReplacer("-", "+", "_", "/").Replace(t) + "+" }},
}

// cuts change it at some place.
var cuts = []string{" ", "%20", "\n", "\t", "=", ".", "\x00", "é"}

func bent(d *draft, text string) (name, bad string) {
	if len(text) < 8 {
		return "empty", ""
	}
	at := 1 + d.IntN(len(text)-1)
	switch d.IntN(4) {
	case 0:
		return "cut short", text[:at]
	case 1:
		return "without its beginning", text[at:]
	case 2:
		return "with something inside", text[:at] + pick(d, cuts) + text[at:]
	}
	b := pick(d, bends)
	if bad = b.of(text); bad == text {
		bad += "B"
	}
	return b.name, bad
}

func swapCase(text string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z':
			return c - 'a' + 'A'
		case 'A' <= c && c <= 'Z':
			return c - 'A' + 'a'
		}
		return c
	}, text)
}

// noTokens are texts that somebody has taken for tokens before.
var noTokens = []string{
	"", "null", "undefined", "true", "0", "{}", "[]", "..", "...", ".....", "a.b.c", "a.b.c.d.e", "' or 1=1 --", "admin", "*", "%00",
	"../../etc/passwd", "${jndi:ldap://127.0.0.1/a}", "{{7*7}}", "art_", "apr_", "acs_", "art_" + strings.Repeat("A", 92),
	"apr_" + strings.Repeat("A", 64), "acs_" + strings.Repeat("A", 43), strings.Repeat("A", 8000), strings.Repeat(".", 7000),
	"eyJhbGciOiJub25lIn0.e30.", "é", "\u202e", "日本語", "\xff\xfe", strings.Repeat("eyJ", 2500), mark,
}

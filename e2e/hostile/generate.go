//go:build unix

package main

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
)

// generator makes requests out of a seed and their numbers.
type generator struct {
	seed     uint64
	contract *contract
	// reaching is how many of a hundred requests that could cost the work of a password may do so. The
	// others are spoiled before that.
	reaching int
}

// blockSize is how many requests come between two looks at the rows.
const blockSize = 10_000

// insiders reports who sends a request: blocks of strangers and of insiders take turns.
func insiders(number uint64) bool { return number/blockSize%2 == 1 }

// make is a request. The same seed and number make the same, but for what cast got from authd.
func (g *generator) make(number uint64, c *cast) *request {
	d := newDraft(g.seed, number)
	d.cast, d.insiders = c, insiders(number)
	d.op = pick(d, g.contract.weighted)
	if d.chance(4) {
		d.socket()
		return &d.request
	}
	chosen := g.choose(d)
	d.worthless = !d.insiders || slices.ContainsFunc(chosen, func(s *spoiler) bool { return s.class == "credential" })
	d.right()
	for _, s := range chosen {
		if s.of == nil || d.hasBody && (s.class != "member" && s.class != "value" || len(d.members) > 0) {
			s.spoil(d)
		}
	}
	g.bound(d)
	d.render()
	return &d.request
}

func newDraft(seed, number uint64) *draft {
	d := &draft{Rand: rand.New(rand.NewPCG(seed, number))}
	d.number = number
	return d
}

// choose draws what is spoiled: mostly one thing, sometimes two or none.
func (g *generator) choose(d *draft) (chosen []*spoiler) {
	count := 1
	switch n := d.IntN(100); {
	case n < 8:
		count = 0
	case n < 28:
		count = 2
	}
	for len(chosen) < count {
		s := pick(d, spoilers)
		if !slices.Contains(chosen, s) && (s.of == nil || s.of(d.op)) {
			chosen = append(chosen, s)
		}
	}
	// Nobody here has a right to the keys, so that none may have changed in a whole run.
	if d.op.changes() && strings.Contains(d.op.path, "/keys") {
		chosen = append(chosen, spoilers[0])
	}
	slices.SortFunc(chosen, func(a, b *spoiler) int { return cmp.Compare(a.order, b.order) })
	return slices.Compact(chosen)
}

// cheap are operations that cost nobody an account when an insider succeeds. Of others few are let through: each
// account is the work of two passwords.
var cheap = []string{"refresh", "token", "introspect", "adminCreateClient", "adminResetPassword"}

// bound keeps most of what could cost the work of a password from doing so: a million of them would take a day.
// Insiders seldom do what costs them their account.
func (g *generator) bound(d *draft) {
	costly := d.insiders && d.op.changes() && !slices.Contains(cheap, d.op.id) && !d.chance(4)
	hashes := d.op.hashes && !d.chance(g.reaching)
	if !d.refused && (costly || hashes) {
		switch {
		case d.hasBody && d.op.media == mediaJSON:
			spoilJSON(d)
		case d.hasBody:
			spoilForm(d)
		default:
			spoilMethod(d)
		}
	}
}

// render writes what was drafted.
func (d *draft) render() {
	path := d.basePath
	var parts []string
	for _, q := range d.query {
		if parts = append(parts, q.name); q.value != "" {
			parts[len(parts)-1] += "=" + q.value
		}
	}
	if len(parts) > 0 {
		path += "?" + strings.Join(parts, "&")
	}
	d.target = path
	switch {
	case !d.hasBody:
	case d.text != nil:
		d.body = d.text
	default:
		d.body = []byte(d.bodyText())
	}
}

// bodyText is the members as they are sent.
func (d *draft) bodyText() string {
	between, equals, begin, end := ",", ":", "{", "}"
	if d.op.media == mediaForm {
		between, equals, begin, end = "&", "=", "", ""
	}
	var parts []string
	for _, m := range d.members {
		parts = append(parts, m.name+equals+m.value)
	}
	return begin + strings.Join(parts, between) + end
}

//go:build unix

package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// goalKill is how soon a killed key is to be refused everywhere.
const goalKill = 2 * time.Second

// String is a page of docs/.
func (t *turning) String(m machine) string {
	var p sheet
	say := p.say
	say("# Keys that turn, measured")
	say("")
	say("Written by `make measure-rotation` on %s, which anybody can repeat. Two instances of authd on one PostgreSQL", today())
	say("that flushes each commit, all on one machine. One is told to turn keys every 4 s and to make ES256, the other every")
	say("5 s and EdDSA; key sets may be cached for %v and access tokens live for %v. That is as fast as it goes: a key is", keyMaxAge, accessTTL)
	say("published for twice the greatest max-age and 30 s before it signs.")
	p.sayMachine(m)
	say("")
	say("## Turning under load")
	say("")
	say("For %v, %d clients refreshed at the two instances in turn. Each access token was shown to four verifiers at", t.duration, t.sessions)
	say("once, and again 2 s before its end: two with the verify module, and two that know nothing but the key set, keep one")
	say("for %v, and never look again because of a key that they do not know.", 2*keyMaxAge)
	say("")
	say("| | |")
	say("|---|---|")
	say("| refreshes | %d |", t.refreshes)
	say("| keys that signed | %d (%s) |", len(t.signed), t.algorithms())
	say("| checks of new tokens | %d |", t.early)
	say("| checks of old tokens | %d |", t.late)
	say("| **refused** | **%d** |", len(t.refused))
	say("| keys in the key set at the end | %d |", t.published)
	say("")
	say("## A kill of the active key")
	say("")
	say("Then `authd keys kill` killed the key that signed, with the %d clients still signed in.", t.sessions)
	say("")
	say("| | |")
	say("|---|---|")
	say("| from the end of the command until the last verifier that follows the feed refused its tokens | %s ms |", ms(t.kill.obeyed))
	say("| clients that went on with the refresh token that they had | %d of %d |", t.kill.refreshed, t.sessions)
	say("| from the end of the command until the last of them had a token that is accepted | %s ms |", ms(t.kill.took))
	return p.String()
}

// algorithms says how many keys of each there were.
func (t *turning) algorithms() string {
	count := make(map[string]int)
	for name := range t.signed {
		_, alg, _ := strings.Cut(name, " ")
		count[alg]++
	}
	var all []string
	for _, alg := range slices.Sorted(maps.Keys(count)) {
		all = append(all, fmt.Sprintf("%d %s", count[alg], alg))
	}
	return strings.Join(all, ", ")
}

// missed returns the goals that were not met.
func (t *turning) missed() (err error) {
	if n := len(t.refused); n > 0 {
		err = errors.Join(fmt.Errorf("%d tokens were refused, of which these came first", n), errors.Join(t.refused[:min(n, 3)]...))
	}
	if len(t.signed) < 3 {
		err = errors.Join(err, fmt.Errorf("%d keys signed: that is no rotation", len(t.signed)))
	}
	if t.kill.obeyed > goalKill {
		err = errors.Join(err, fmt.Errorf("a killed key was accepted for %v, the goal is %v", t.kill.obeyed, goalKill))
	}
	if t.kill.refreshed != t.sessions {
		err = errors.Join(err, fmt.Errorf("%d of %d clients went on after the kill", t.kill.refreshed, t.sessions))
	}
	return err
}

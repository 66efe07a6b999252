//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// String is docs/interop.md.
func (t *table) String() string {
	var b bytes.Buffer
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("# Who reads our tokens")
	say("")
	say("Written by `make interop`, which runs all of this against authd as it ships, on %s. Every program is set up as its own", machine())
	say("documentation shows; the code is in [e2e/interop](../e2e/interop).")
	say("")
	say("## Verifying, and following the keys")
	say("")
	say("Asked with each algorithm (`AUTHD_SIGNING_ALG`):")
	say("")
	say("- **tokens**: takes a good token; refuses one that was changed, one that expired, one of another issuer, one for another audience, and a page of the feed, which the same key signed.")
	say("- **planned turn**: takes the first token of the next key, at once, in a process that began before (`authd keys rotate`). The next key is in the key set long before it signs.")
	say("- **kill**: after `authd keys kill` of the key that signs, takes tokens of a key that nobody could know before: a verifier has to look for it. The time is how long it refused them, where that was more than a second.")
	say("")
	say("| software | version | tokens, planned turn, kill with %s |", strings.Join(algorithms, " | with "))
	say("|---|---|%s", strings.Repeat("---|", len(algorithms)))
	for i, s := range t.all {
		row := []string{s.name, s.version()}
		for at := range algorithms {
			row = append(row, cell(&t.results[at][i]))
		}
		say("| %s |", strings.Join(row, " | "))
	}
	say("")
	for _, s := range t.all {
		if s.note != "" {
			say("- %s: %s.", s.name, s.note)
		}
	}
	say("")
	say("Each of them accepts a token that was logged out until it expires, but for those who introspect: a JWT library knows of no logout.")
	say("A service that must obey logouts uses [verify](../verify/README.md) or follows [the feed](feed.md).")
	say("")
	say("## OAuth clients")
	say("")
	say("Unmodified libraries against [/oauth/](oauth.md): the refresh grant twice in a row as the public client of sessions, the client-credentials grant with")
	say("a scope, introspection, revocation of a refresh token, and whether a wrong secret is told as `invalid_client`. A dash: the library does not do it.")
	say("")
	say("| software | version | refresh | client credentials | introspection | revocation | wrong secret |")
	say("|---|---|---|---|---|---|---|")
	for i, c := range t.clients {
		g := &t.grants[i]
		say("| %s | %s | %s | %s | %s | %s | %s |", c.name, g.Version, mark(g.Refresh), mark(g.Credentials), mark(g.Introspect), mark(g.Revoke), mark(g.Refused))
	}
	say("")
	say("openid-client and others put a client's secret into the body unless told otherwise: choose `client_secret_basic`.")
	return b.String()
}

func cell(r *result) string {
	if no := unsupported(""); errors.As(r.tokens, &no) {
		return "no support: `" + string(no) + "`"
	}
	kill := verdictOf(r.after)
	if r.after == nil && r.waited > time.Second {
		kill += fmt.Sprintf(" (%.0f s)", r.waited.Seconds())
	}
	return verdictOf(r.tokens) + ", " + verdictOf(r.planned) + ", " + kill
}

func verdictOf(err error) string {
	if err != nil {
		return "**fail**"
	}
	return "pass"
}

func mark(ok *bool) string {
	switch {
	case ok == nil:
		return "—"
	case *ok:
		return "pass"
	}
	return "**fail**"
}

// failed says what is not as it should be.
func (t *table) failed() (err error) {
	for at, alg := range algorithms {
		for i, s := range t.all {
			r := &t.results[at][i]
			if no := unsupported(""); errors.As(r.tokens, &no) {
				continue
			}
			if wrong := r.err(); wrong != nil {
				err = errors.Join(err, fmt.Errorf("%s with %s: %w", s.name, alg, wrong))
			}
		}
	}
	for i, c := range t.clients {
		if wrong := t.grants[i].err(); wrong != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", c.name, wrong))
		}
	}
	return err
}

// machine names what the versions of other software depend on.
func machine() string {
	name := runtime.GOOS + "/" + runtime.GOARCH + ", " + runtime.Version()
	if out, err := exec.Command("node", "--version").Output(); err == nil {
		name += ", Node " + strings.TrimSpace(string(out))
	}
	if out, err := exec.Command("/usr/bin/python3", "--version").Output(); err == nil {
		name += ", " + strings.TrimSpace(string(out))
	}
	return name
}

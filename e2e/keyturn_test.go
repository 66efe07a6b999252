//go:build unix

package e2e

import (
	"bufio"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// D1, D4: commands that turn the keys at once turn them once, to a key that every process publishes and
// none signs with before its turn. Whoever waits for that may rely on it: from then on every process signs
// with the new key, and services have known it all along.
func TestWhoWaitsForATurnFindsTheNewKeySigning(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a turn takes half a minute at least")
	}
	onEveryStore(t, func(t *testing.T, d *deployment) {
		d.environ = append(d.environ, "AUTHD_JWKS_MAX_AGE=1s")
		processes := d.startAll(t)
		p := processes[0]
		s := following(t, "service", p.addr, time.Minute)
		before := signUp(t, p, "ada")
		settled := d.rotateAtOnce(t, 3)
		for _, each := range processes {
			eventually(t, each.name+" publishes the next key", func() bool {
				return strings.Contains(string(ask(t, each, request{path: "/.well-known/jwks.json"}).body), settled)
			})
			if got := keyOf(t, mustPair(t, ask(t, each, request{path: "/login", body: user("ada")})).AccessToken); got == settled {
				t.Errorf("%s signs with %s before its turn", each.name, got)
			}
		}
		output := d.operate(t, "keys", "rotate", "--wait")
		lines := strings.Split(strings.TrimSpace(output), "\n")
		kid, _, _ := strings.Cut(lines[0], " ")
		if len(lines) != 2 || !strings.Contains(lines[0], " signs from 20") || lines[1] != kid+" signs" || kid == keyOf(t, before.AccessToken) {
			t.Errorf("rotate --wait says %q", output)
		}
		if kid != settled {
			t.Errorf("rotate --wait turned to %s, want %s, which was settled", kid, settled)
		}
		for _, each := range processes {
			next := mustPair(t, ask(t, each, request{path: "/login", body: user("ada")}))
			if got := keyOf(t, next.AccessToken); got != kid {
				t.Errorf("%s signs with %s, want %s", each.name, got, kid)
			}
			s.wantAccepts(t, next.AccessToken)
		}
		s.wantAccepts(t, before.AccessToken)
		if a := ask(t, p, request{path: "/me", bearer: before.AccessToken}); a.status != http.StatusOK {
			t.Errorf("a token of the retired key: got %v, want 200", a)
		}
	})
}

// rotateAtOnce has commands turn the keys at once, and returns the one key that they settled on: known to
// every process and to caches before it signs, with one spare behind it.
func (d *deployment) rotateAtOnce(t *testing.T, times int) (kid string) {
	t.Helper()
	said := make([]string, times)
	var g errgroup.Group
	for i := range said {
		g.Go(func() (err error) {
			said[i], err = d.command(t, "", "keys", "rotate")
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatalf("authd keys rotate: %v\n%s", err, said)
	}
	settled := func(i int) string { before, _, _ := strings.Cut(said[i], ", in "); return before }
	for i := range said {
		if settled(i) != settled(0) {
			t.Errorf("turned at once: %q and %q", settled(0), settled(i))
		}
	}
	kid, _, _ = strings.Cut(said[0], " ")
	waiting := 0
	for line := range strings.Lines(d.operate(t, "keys", "list")) {
		column := strings.Fields(line)
		if column[2] == "next" {
			waiting++
		}
		if column[0] == kid {
			wantPublishedFirst(t, column[3], column[4])
		}
	}
	if waiting != 2 {
		t.Errorf("%d keys wait, want the next one and one spare", waiting)
	}
	return kid
}

// wantPublishedFirst wants a key to sign two max-ages of a second and 30 s after it was made. The list has
// whole seconds.
func wantPublishedFirst(t *testing.T, made, signs string) {
	t.Helper()
	from, err := time.Parse(time.RFC3339, made)
	if err != nil {
		t.Fatal(err)
	}
	to, err := time.Parse(time.RFC3339, signs)
	if err != nil || to.Sub(from) < 31*time.Second {
		t.Errorf("made %s, signs from %s: want it to be published for 32 s first", made, signs)
	}
}

func TestWaitingForATurnEndsWithASignalAndTheKeyTurnsAllTheSame(t *testing.T) {
	t.Parallel()
	d := onSQLite(t)
	d.start(t)
	var complaint strings.Builder
	cmd := exec.CommandContext(t.Context(), program, "keys", "rotate", "--wait")
	cmd.Dir, cmd.Env, cmd.Stderr = d.dir, d.settings(t, "", "waiter"), &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	settled, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.Contains(settled, "signs from") {
		t.Fatalf("got %q, %v", settled, err)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("ended with %v, want status 1: the key does not sign yet", err)
	}
	if got := complaint.String(); got != "authd: waiting no longer, the key turns all the same: signal: interrupt\n" {
		t.Errorf("said %q", got)
	}
	kid, _, _ := strings.Cut(settled, " ")
	if again := d.operate(t, "keys", "rotate"); !strings.HasPrefix(again, kid+" signs from ") {
		t.Errorf("asked again: %q, want %s to be settled", again, kid)
	}
}

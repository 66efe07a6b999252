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
)

// Whoever waits for the turn may rely on it: from then on every process signs with the new key, and
// services have known it all along.
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
		output := d.operate(t, "keys", "rotate", "--wait")
		lines := strings.Split(strings.TrimSpace(output), "\n")
		kid, _, _ := strings.Cut(lines[0], " ")
		if len(lines) != 2 || !strings.Contains(lines[0], " signs from 20") || lines[1] != kid+" signs" || kid == keyOf(t, before.AccessToken) {
			t.Errorf("rotate --wait says %q", output)
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

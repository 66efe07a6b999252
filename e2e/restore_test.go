//go:build unix

package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authd/authd/internal/store/pgtest"
)

// awaitDead waits until the service answers 401, for whatever reason: the session is over, the key was
// killed, or nobody knows the key any more.
func (s *service) awaitDead(t testing.TB, token string) {
	t.Helper()
	eventually(t, s.name+" refuses the token", func() bool { return s.status(t, token) == http.StatusUnauthorized })
}

// operate runs a command that must succeed.
func (d *deployment) operate(t testing.TB, args ...string) (output string) {
	t.Helper()
	output, err := d.command(t, "", args...)
	if err != nil {
		t.Fatalf("authd %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return output
}

// C27: yesterday's copy is put back. Nothing of the time after it is accepted, wherever it is shown, and
// nothing of the time before it either: who knows what became of it.
func TestC27ARestoredBackupAcceptsNoTokenOfTheTimeAfterIt(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, d *deployment) {
		p := d.start(t)
		way := newPath(t, p.addr)
		running := following(t, "running", way.addr, time.Minute)
		ada, ben := signUp(t, p, "ada"), signUp(t, p, "ben")
		billing := d.machine(t, "billing")

		backup := d.past.backup(t)
		rotated := refresh(t, p, ada.RefreshToken)
		second := mustPair(t, ask(t, p, request{path: "/login", body: user("ada")}))
		cleo := signUp(t, p, "cleo")
		search := d.machine(t, "search") // made after it
		ofMachines := []string{billing.token(t, p), search.token(t, p)}
		for range 2 { // services keep these kills, and ben's epoch goes back below them
			d.operate(t, "users", "revoke", "ben")
		}
		running.awaitRefused(t, ben.AccessToken)
		for _, live := range []pair{ada, rotated, second, cleo} {
			running.wantAccepts(t, live.AccessToken)
		}
		for _, token := range ofMachines {
			running.wantAccepts(t, token)
		}
		if output, err := d.command(t, "", "post-restore", "--yes"); err == nil || !strings.Contains(output, "stop") {
			t.Errorf("beside a server: got %v, %q, want a refusal that says what to stop", err, output)
		}
		running.wantAccepts(t, rotated.AccessToken)

		way.block()
		p.kill()
		d.past.restore(t, backup)
		output := d.operate(t, "post-restore", "--yes")
		if !strings.Contains(output, "users whose epoch was raised: 2\n") || !strings.Contains(output, "signing keys: 2 killed, 2 made\n") {
			t.Errorf("post-restore says %q", output)
		}
		p = d.start(t)
		way.lead(p.addr)
		way.unblock()

		fresh := following(t, "fresh", p.addr, time.Minute)
		for name, old := range map[string]pair{"before it": ada, "before it, revoked after it": ben,
			"rotated after it": rotated, "opened after it": second, "of a user made after it": cleo} {
			for _, s := range []*service{running, fresh} {
				s.awaitDead(t, old.AccessToken)
			}
			if a := ask(t, p, request{path: "/me", bearer: old.AccessToken}); a.status != http.StatusUnauthorized {
				t.Errorf("an access token %s: got %v, want 401", name, a)
			}
			if a := ask(t, p, refreshing(old.RefreshToken)); a.status != http.StatusUnauthorized {
				t.Errorf("a refresh token %s: got %v, want 401", name, a)
			}
		}
		for _, s := range []*service{running, fresh} {
			for _, token := range ofMachines {
				s.awaitDead(t, token)
			}
			s.awaitGood(t, billing.token(t, p))
		}
		if a := search.ask(t, p); a.status != http.StatusUnauthorized {
			t.Errorf("a machine made after it: got %v, want 401", a)
		}
		for _, name := range []string{"ada", "ben"} {
			next := mustPair(t, ask(t, p, request{path: "/login", body: user(name)}))
			for _, s := range []*service{running, fresh} {
				s.awaitGood(t, next.AccessToken)
			}
			refresh(t, p, next.RefreshToken)
		}
	})
}

// awaitGood waits until the service has learned of the key that signed a token.
func (s *service) awaitGood(t testing.TB, token string) {
	t.Helper()
	eventually(t, s.name+" accepts the token", func() bool { return s.status(t, token) == http.StatusOK })
}

// C27: a key that was made after the backup is known to nobody who could kill it. What it signed is dead
// all the same, at services that have the key in their memory.
func TestC27AKeyThatTheBackupDoesNotKnowIsForgotten(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, d *deployment) {
		p := d.start(t)
		way := newPath(t, p.addr)
		running := following(t, "running", way.addr, time.Minute)
		ada := signUp(t, p, "ada")
		backup := d.past.backup(t)
		for range 2 { // the one that signs, and the spare
			d.operate(t, "keys", "kill", "--yes", "--", keyOf(t, ada.AccessToken))
			running.awaitDead(t, ada.AccessToken)
			ada = refresh(t, p, ada.RefreshToken)
			running.awaitGood(t, ada.AccessToken)
		}
		way.block()
		p.kill()
		d.past.restore(t, backup)
		d.operate(t, "post-restore", "--yes")
		p = d.start(t)
		way.lead(p.addr)
		way.unblock()
		running.awaitDead(t, ada.AccessToken)
		running.awaitGood(t, mustPair(t, ask(t, p, request{path: "/login", body: user("ada")})).AccessToken)
	})
}

// An older copy is put back under a process that goes on, which had read further than the copy goes. It
// raises one alarm, which says by how much, and what to do.
func TestAProcessAheadOfItsStoreSaysByHowMuchAndWhatToDo(t *testing.T) {
	t.Parallel()
	d := onPostgres(t, pgtest.New(t))
	p := d.start(t)
	ada, ben, cleo := signUp(t, p, "ada"), signUp(t, p, "ben"), signUp(t, p, "cleo")
	logOut(t, p, ada.RefreshToken)
	backup := d.past.backup(t)
	logOut(t, p, ben.RefreshToken)
	logOut(t, p, cleo.RefreshToken)
	d.past.restore(t, backup)
	p.await(t, "alarm.raised")
	var alarms []string
	for line := range strings.Lines(p.complaints()) {
		if strings.Contains(line, "history_forked") {
			alarms = append(alarms, line)
		}
	}
	if len(alarms) != 1 {
		t.Fatalf("got %d alarms, want one: %q", len(alarms), alarms)
	}
	for _, want := range []string{`"behind_by":2`, `"lost_kills":2`, "authd post-restore", "that is not needed"} {
		if !strings.Contains(alarms[0], want) {
			t.Errorf("the alarm lacks %s: %s", want, alarms[0])
		}
	}
}

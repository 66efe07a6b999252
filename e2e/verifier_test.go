//go:build unix

package e2e

import (
	"context"
	"errors"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/authd/authd/internal/store/pgtest"
	"github.com/authd/authd/verify"
)

// C1, C18: three services, one of which is cut off. Whichever process a user logs out at, the services
// that hear of it refuse; the one that does not hear goes on for its budget, then knows nothing, and
// heals by itself.
func TestC18ALogoutReachesEveryVerifierAndOneThatIsCutOffGoesStale(t *testing.T) {
	t.Parallel()
	d := onPostgres(t, pgtest.New(t))
	first, second := d.start(t), d.start(t)
	cut := newPath(t, second.addr)
	near, far := following(t, "near", first.addr, time.Minute), following(t, "far", second.addr, time.Minute)
	lost := following(t, "lost", cut.addr, tightest)

	ada, ben, cleo := signUp(t, first, "ada"), signUp(t, second, "ben"), signUp(t, first, "cleo")
	for _, s := range []*service{near, far, lost} {
		for _, who := range []pair{ada, ben, cleo} {
			s.wantAccepts(t, who.AccessToken)
		}
	}
	cut.block()
	logOut(t, first, ada.RefreshToken)
	logOut(t, second, ben.RefreshToken)
	for _, s := range []*service{near, far} {
		s.awaitRefused(t, ada.AccessToken)
		s.awaitRefused(t, ben.AccessToken)
		s.wantAccepts(t, cleo.AccessToken)
	}
	lost.awaitStale(t, ada.AccessToken)
	lost.awaitStale(t, cleo.AccessToken)
	cut.unblock()
	lost.awaitAccepts(t, cleo.AccessToken)
	lost.awaitRefused(t, ada.AccessToken)
	lost.awaitRefused(t, ben.AccessToken)
	near.wantAccepts(t, cleo.AccessToken)
}

// C19: what has never heard of authd accepts nothing, and needs no restart when authd comes.
func TestC19AServiceThatStartsBeforeAuthdAcceptsNothing(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, d *deployment) {
		p := d.start(t)
		ada := signUp(t, p, "ada")
		p.kill()
		way := newPath(t, p.addr)
		s := startService(t, "cold", way.addr, time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // some polls fail meanwhile
		defer cancel()
		if err := s.WaitReady(ctx); !errors.Is(err, verify.ErrNotReady) {
			t.Errorf("ready: got %v, want %v", err, verify.ErrNotReady)
		}
		if got := s.status(t, ada.AccessToken); got != http.StatusServiceUnavailable {
			t.Errorf("got %d, want 503", got)
		}
		p = d.start(t)
		logOut(t, p, signUp(t, p, "ben").RefreshToken)
		way.lead(p.addr)
		s.awaitAccepts(t, ada.AccessToken)
	})
}

// A process is killed, and the services are led to another one in the middle of their polls.
func TestServicesGoOnWithAnotherProcess(t *testing.T) {
	t.Parallel()
	d := onPostgres(t, pgtest.New(t))
	first, second := d.start(t), d.start(t)
	way := newPath(t, first.addr)
	s := following(t, "service", way.addr, time.Minute)
	ada, ben, cleo := signUp(t, first, "ada"), signUp(t, first, "ben"), signUp(t, second, "cleo")
	logOut(t, first, ada.RefreshToken)
	s.awaitRefused(t, ada.AccessToken)

	first.kill()
	way.lead(second.addr)
	logOut(t, second, ben.RefreshToken)
	s.awaitRefused(t, ben.AccessToken)
	third := d.start(t) // has read nothing but the store
	way.lead(third.addr)
	logOut(t, second, cleo.RefreshToken)
	s.awaitRefused(t, cleo.AccessToken)
	s.awaitRefused(t, ada.AccessToken)
	s.wantAccepts(t, signUp(t, third, "dora").AccessToken)
}

// C14: somebody's open transaction on one session, for as long as it likes, holds up no other logout,
// and its own comes through when it ends.
func TestC14AnOpenTransactionOnOneSessionHoldsUpNoOtherLogout(t *testing.T) {
	t.Parallel()
	d := onPostgres(t, pgtest.New(t))
	first, second := d.start(t), d.start(t)
	s := following(t, "service", second.addr, time.Minute)
	ada, ben := signUp(t, first, "ada"), signUp(t, first, "ben")
	release := d.past.hold(t, ada.SessionID)
	answered := make(chan answer, 1)
	go func() {
		a, _ := send(t.Context(), newClient(t), first.addr, loggingOut(ada.RefreshToken))
		answered <- a
	}()
	d.past.awaitWaiter(t, first, nil)
	logOut(t, second, ben.RefreshToken)
	s.awaitRefused(t, ben.AccessToken)
	release()
	if a := receive(t, "the logout is answered", answered); a.status != http.StatusNoContent {
		wantUnavailable(t, a) // the machine was slower than authd's patience with a lock
		logOut(t, first, ada.RefreshToken)
	}
	s.awaitRefused(t, ada.AccessToken)
	d.past.feed(t).wantWhole(t)
}

// C24: a process that still answers, but whose store is out of its reach, promises nothing new. The
// services on it go stale although every poll succeeds, and a logout that they could not hear of is not
// overlooked afterwards.
func TestC24AProcessWithoutItsStoreLendsNoFreshness(t *testing.T) {
	t.Parallel()
	d := onPostgres(t, pgtest.New(t))
	second := d.start(t)
	store := newPath(t, parseURL(t, d.url).Host)
	first := d.launch(t, store.addr)
	first.await(t, "serving")
	isolated := following(t, "isolated", first.addr, tightest)
	other := following(t, "other", second.addr, tightest)
	ada, ben := signUp(t, second, "ada"), signUp(t, second, "ben")
	isolated.wantAccepts(t, ada.AccessToken)

	store.block()
	logOut(t, second, ada.RefreshToken)
	other.awaitRefused(t, ada.AccessToken)
	isolated.awaitStale(t, ben.AccessToken)
	other.wantAccepts(t, ben.AccessToken)
	store.unblock()
	isolated.awaitAccepts(t, ben.AccessToken)
	isolated.awaitRefused(t, ada.AccessToken)
}

// C24: the same for a process that is frozen, which is what a machine under a hypervisor may be. When it
// goes on, it sends what it had prepared before: nothing of that may count as news.
func TestC24AFrozenProcessLendsNoFreshness(t *testing.T) {
	t.Parallel()
	d := onPostgres(t, pgtest.New(t))
	first, second := d.start(t), d.start(t)
	s := following(t, "service", first.addr, tightest)
	ada, ben := signUp(t, second, "ada"), signUp(t, second, "ben")
	s.wantAccepts(t, ada.AccessToken)

	first.signal(t, syscall.SIGSTOP)
	logOut(t, second, ada.RefreshToken)
	s.awaitStale(t, ben.AccessToken)
	first.signal(t, syscall.SIGCONT)
	s.awaitRefused(t, ada.AccessToken)
	s.awaitAccepts(t, ben.AccessToken)
}

// C27, as far as it is the feed's: an older copy of the store is put back under running services. Its
// numbers are given again, and services that stand on one of them must not overlook what it stands for
// now, whether they ask when the head is below that number, at it, or beyond.
func TestC27KillsAfterARestoreAreObeyedAlthoughTheirNumbersWereUsedBefore(t *testing.T) {
	t.Parallel()
	d := onSQLite(t)
	p := d.start(t)
	var ways []*path
	var services []*service
	for _, name := range []string{"asks below", "asks at it", "asks beyond"} {
		way := newPath(t, p.addr)
		ways, services = append(ways, way), append(services, following(t, name, way.addr, time.Minute))
	}
	ada, ben, cleo, dora, emma := signUp(t, p, "ada"), signUp(t, p, "ben"), signUp(t, p, "cleo"), signUp(t, p, "dora"), signUp(t, p, "emma")
	logOut(t, p, ada.RefreshToken)
	rows := d.past.(*sqliteRows)
	backup := rows.backup(t)
	logOut(t, p, ben.RefreshToken) // gets number 2, and is lost with it
	for _, s := range services {
		s.awaitRefused(t, ben.AccessToken)
	}
	for _, way := range ways {
		way.block()
	}
	p.kill()
	rows.restore(t, backup)
	p = d.start(t)
	for _, way := range ways {
		way.lead(p.addr)
	}

	ways[0].unblock()
	services[0].awaitAccepts(t, emma.AccessToken)
	logOut(t, p, cleo.RefreshToken) // gets number 2 again
	ways[1].unblock()
	services[0].awaitRefused(t, cleo.AccessToken)
	services[1].awaitRefused(t, cleo.AccessToken)
	logOut(t, p, dora.RefreshToken)
	ways[2].unblock()
	for _, s := range services {
		for _, gone := range []pair{cleo, dora, ada, ben} { // the store has forgotten ben; who heard of him has not
			s.awaitRefused(t, gone.AccessToken)
		}
		s.awaitAccepts(t, emma.AccessToken)
	}
	rows.feed(t).wantWhole(t)
}

// What an operator does by a command, in a process of its own beside the server, reaches the services as
// a logout does: servers follow the store and not themselves.
func TestACommandBesideTheServersIsObeyedByEveryVerifier(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, d *deployment) {
		processes := d.startAll(t)
		p := processes[0]
		var services []*service
		for _, each := range processes {
			services = append(services, following(t, each.name, each.addr, time.Minute))
		}
		ada, ben, cleo := signUp(t, p, "ada"), signUp(t, p, "ben"), signUp(t, p, "cleo")
		second := mustPair(t, ask(t, p, request{path: "/login", body: user("ben")}))
		for _, args := range [][]string{{"users", "disable", "ada"}, {"sessions", "end", ben.SessionID}} {
			if output, err := d.command(t, "", args...); err != nil {
				t.Fatalf("authd %v: %v\n%s", args, err, output)
			}
		}
		for _, s := range services {
			s.awaitRefused(t, ada.AccessToken)
			s.awaitRefused(t, ben.AccessToken)
			s.wantAccepts(t, second.AccessToken)
			s.wantAccepts(t, cleo.AccessToken)
		}
		wantRefused(t, ask(t, p, refreshing(ada.RefreshToken)), "session_revoked")
		wantRefused(t, ask(t, p, refreshing(ben.RefreshToken)), "session_revoked")

		// C8: what was dead stays dead, and signing in is what makes a session.
		if output, err := d.command(t, "", "users", "enable", "ada"); err != nil {
			t.Fatalf("authd users enable ada: %v\n%s", err, output)
		}
		again := mustPair(t, ask(t, p, request{path: "/login", body: user("ada")}))
		for _, s := range services {
			s.wantAccepts(t, again.AccessToken)
			s.awaitRefused(t, ada.AccessToken)
		}
	})
}

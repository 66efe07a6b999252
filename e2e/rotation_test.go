//go:build unix

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"testing"

	"golang.org/x/sync/errgroup"
)

// B9: the requests are spread over all processes, and each round goes on from the one before.
func TestB9AHundredRefreshesOnAllProcessesGetOneSuccessor(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, d *deployment) {
		all := d.startAll(t)
		token := signUp(t, all[0], "ada").RefreshToken
		for round := range uint32(5) {
			successors := refreshAtOnce(t, all, token, 100)
			if len(successors) != 1 {
				t.Fatalf("round %d: got %d different successors, want 1", round, len(successors))
			}
			for next := range successors {
				wantGeneration(t, next, round+1)
				token = next
			}
		}
	})
}

// refreshAtOnce shows one token many times at once and counts the answers by successor. Every one of
// them must be a success.
func refreshAtOnce(t *testing.T, all []*process, token string, times int) map[string]int {
	t.Helper()
	client := newClient(t)
	answers := make([]answer, times)
	begin := make(chan struct{})
	var g errgroup.Group
	for i := range answers {
		g.Go(func() (err error) {
			<-begin
			answers[i], err = send(t.Context(), client, all[i%len(all)].addr, refreshing(token))
			return err
		})
	}
	close(begin)
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	successors := make(map[string]int)
	for _, a := range answers {
		successors[mustPair(t, a).RefreshToken]++
	}
	return successors
}

// B17: nothing that recognises a thief is in the memory of a process.
func TestB17ReuseIsFoundAfterEveryProcessWasKilled(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, d *deployment) {
		all := d.startAll(t)
		stolen := signUp(t, all[0], "ada")
		child := refresh(t, all[0], stolen.RefreshToken)
		newest := refresh(t, all[len(all)-1], child.RefreshToken)
		for _, p := range all {
			p.kill()
		}

		all = d.startAll(t)
		wantRefused(t, ask(t, all[0], refreshing(stolen.RefreshToken)), "refresh_token_reused")
		for _, p := range all {
			wantRefused(t, ask(t, p, refreshing(newest.RefreshToken)), "refresh_token_reused")
			// The other instances hear of it by their next poll.
			eventually(t, "every instance refuses the access token", func() bool {
				return ask(t, p, request{path: "/me", bearer: newest.AccessToken}).status == http.StatusUnauthorized
			})
		}
		f := d.past.feed(t)
		if got := f.kills(stolen.SessionID); got != 1 {
			t.Errorf("the feed has %d kills of the session, want 1", got)
		}
		f.wantWhole(t)
	})
}

// B14: the client leaves when the request is under way, before, within or after the body, sometimes by a
// reset, and asks again.
func TestB14AClientThatHangsUpKeepsItsSession(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, d *deployment) {
		p := d.start(t)
		token := signUp(t, p, "ada").RefreshToken
		random := seeded(t)
		const rounds = 60
		hungUp := int64(0)
		for round := range int64(rounds) {
			for range random.IntN(4) {
				hangUp(t, p, token, random)
				hungUp++
			}
			token = refresh(t, p, token).RefreshToken
			// A request that is older than two rotations would rightly be taken for a thief's.
			eventually(t, "authd is done with everybody", func() bool { return p.refreshes.Load() == hungUp+round+1 })
		}
		wantGeneration(t, token, rounds)
		if a := ask(t, p, loggingOut(token)); a.status != http.StatusNoContent {
			t.Errorf("logout: got %v, want 204", a)
		}
		t.Logf("%d requests were hung up on in %d rounds", hungUp, rounds)
	})
}

func hangUp(t *testing.T, p *process, token string, random *rand.Rand) {
	t.Helper()
	conn, body := beginRefresh(t, p, token)
	if random.IntN(3) == 0 {
		body = body[:random.IntN(len(body))]
	}
	if _, err := conn.Write(body); err != nil {
		t.Fatal(err)
	}
	if random.IntN(2) == 0 {
		_ = conn.SetLinger(0) // a reset
	}
	_ = conn.Close()
}

// beginRefresh sends a refresh but for its body, and returns when the handler has begun, which it says
// by asking for the body.
func beginRefresh(t *testing.T, p *process, token string) (conn *net.TCPConn, body []byte) {
	t.Helper()
	body, err := json.Marshal(refreshing(token).body)
	if err != nil {
		t.Fatal(err)
	}
	dialled, err := net.Dial("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dialled.Close() })
	fmt.Fprintf(dialled, "POST /refresh HTTP/1.1\r\nHost: authd\r\nContent-Type: application/json\r\n"+
		"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(body))
	const goOn = "HTTP/1.1 100 Continue\r\n\r\n"
	said := make([]byte, len(goOn))
	if _, err := io.ReadFull(dialled, said); err != nil || string(said) != goOn {
		t.Fatalf("got %q, %v; want to be asked for the body", said, err)
	}
	return dialled.(*net.TCPConn), body
}

//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/authd/authd/internal/store/pgtest"
)

// B11: the rotation is committed and the answer is made, but the client does not get it.
func TestB11AProcessKilledBeforeItsAnswerLeftTheSameSuccessor(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, d *deployment) {
		p := d.start(t)
		opened := signUp(t, p, "ada")
		token := opened.RefreshToken
		for round := range uint32(3) {
			w := withhold(t, p.addr)
			go func() { // its answer never comes
				_, _ = send(t.Context(), newClient(t), w.addr, refreshing(token))
			}()
			receive(t, "the answer begins", w.begun)
			p.kill()
			lost := mustPair(t, w.answer(t))
			wantGeneration(t, lost.RefreshToken, round+1)
			if got := d.past.generation(t, opened.SessionID); got != round+1 {
				t.Fatalf("the row is of generation %d, want %d: what was answered was not committed", got, round+1)
			}

			p = d.start(t)
			again := refresh(t, p, token)
			if again.RefreshToken != lost.RefreshToken {
				t.Errorf("round %d: got another successor than the one in the lost answer", round)
			}
			token = again.RefreshToken
		}
		refresh(t, p, token)
	})
}

// withholder passes a request on to a process and keeps the answer.
type withholder struct {
	addr  string
	begun chan struct{} // closed when the first bytes of the answer are there
	bytes chan []byte   // all of them, once the process is gone
}

func withhold(t *testing.T, target string) *withholder {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	w := &withholder{addr: listener.Addr().String(), begun: make(chan struct{}), bytes: make(chan []byte, 1)}
	go func() {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		defer client.Close()
		server, err := net.Dial("tcp", target)
		if err != nil {
			return
		}
		defer server.Close()
		go func() { _, _ = io.Copy(server, client) }()
		first := make([]byte, 1)
		if _, err := io.ReadFull(server, first); err != nil {
			return
		}
		close(w.begun)
		rest, _ := io.ReadAll(server) // the process that is killed may reset the connection
		w.bytes <- append(first, rest...)
	}()
	return w
}

// answer is what was withheld.
func (w *withholder) answer(t *testing.T) answer {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(receive(t, "the connection ends", w.bytes))), nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := readAnswer(response)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// B12: the process dies while it waits to write the row, so nothing was written.
func TestB12AProcessKilledBeforeItsCommitLeftTheToken(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, d *deployment) {
		p := d.start(t)
		opened := signUp(t, p, "ada")
		token := opened.RefreshToken
		for round := range uint32(3) {
			release := d.past.hold(t, opened.SessionID)
			d.past.awaitWaiter(t, p, sendAndLeaveOpen(t, p, token))
			p.kill()
			d.past.bury(t, p)
			release()
			if got := d.past.generation(t, opened.SessionID); got != round {
				t.Fatalf("the row is of generation %d, want %d: the rotation was committed before its process died", got, round)
			}

			p = d.start(t)
			next := refresh(t, p, token)
			wantGeneration(t, next.RefreshToken, round+1)
			if again := refresh(t, p, token); again.RefreshToken != next.RefreshToken {
				t.Errorf("round %d: the retry got another successor", round)
			}
			token = next.RefreshToken
		}
	})
}

// The database does not notice the death, and commits for the dead when it gets the lock.
func TestARotationThatOutlivesItsProcessIsTakenUp(t *testing.T) {
	t.Parallel()
	d := onPostgres(t, pgtest.New(t))
	all := d.startAll(t)
	opened := signUp(t, all[0], "ada")
	release := d.past.hold(t, opened.SessionID)
	d.past.awaitWaiter(t, all[0], sendAndLeaveOpen(t, all[0], opened.RefreshToken))
	all[0].kill()
	release()
	first, second := refresh(t, all[1], opened.RefreshToken), refresh(t, all[2], opened.RefreshToken)
	if first.RefreshToken != second.RefreshToken {
		t.Error("two processes gave different successors")
	}
	wantGeneration(t, first.RefreshToken, 1)
	wantGeneration(t, refresh(t, all[1], first.RefreshToken).RefreshToken, 2)
}

// sendAndLeaveOpen sends a whole refresh and does not wait for its answer.
func sendAndLeaveOpen(t *testing.T, p *process, token string) net.Conn {
	t.Helper()
	conn, body := beginRefresh(t, p, token)
	if _, err := conn.Write(body); err != nil {
		t.Fatal(err)
	}
	return conn
}

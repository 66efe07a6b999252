//go:build unix

package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sync/errgroup"
)

// H2: a balancer sends requests until its probe has seen that the server is not ready. Each of them gets
// an answer.
func TestH2AServerThatIsTerminatedUnderLoadAnswersEverybody(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, d *deployment) {
		p := d.start(t)
		var tokens []string
		for i := range 4 {
			tokens = append(tokens, signUp(t, p, fmt.Sprintf("user-%d", i)).RefreshToken)
		}
		var noticed atomic.Bool
		var answered atomic.Int64
		var g errgroup.Group
		for _, token := range tokens {
			client := newClient(t)
			g.Go(func() error {
				for !noticed.Load() {
					a, err := send(t.Context(), client, p.addr, refreshing(token))
					if err != nil {
						return fmt.Errorf("a request had no answer: %w", err)
					}
					next, err := a.pair()
					if err != nil {
						return err
					}
					token = next.RefreshToken
					answered.Add(1)
				}
				return nil
			})
		}
		eventually(t, "there is load", func() bool { return answered.Load() > 100 })
		p.signal(t, syscall.SIGTERM)
		eventually(t, "the probe sees it", func() bool {
			return ask(t, p, request{path: "/readyz"}).status == http.StatusServiceUnavailable
		})
		noticed.Store(true)
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
		p.awaitExit(t)
		t.Logf("%d requests were answered", answered.Load())
	})
}

// H2: a request that is under way when nobody is let in any more is finished.
func TestH2ARequestUnderWayIsAnsweredAfterTheDoorIsShut(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, d *deployment) {
		p := d.start(t)
		token := signUp(t, p, "ada").RefreshToken
		conn, body := beginRefresh(t, p, token)
		p.signal(t, syscall.SIGINT)
		eventually(t, "nobody is let in", func() bool {
			other, err := net.Dial("tcp", p.addr)
			if err == nil {
				_ = other.Close()
			}
			return err != nil
		})
		if _, err := conn.Write(body); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := readAnswer(response)
		if err != nil {
			t.Fatal(err)
		}
		next := mustPair(t, a)
		if !response.Close {
			t.Error("the answer does not say that the connection ends")
		}
		p.awaitExit(t)
		if again := refresh(t, d.start(t), token); again.RefreshToken != next.RefreshToken {
			t.Error("the next process gave another successor")
		}
	})
}

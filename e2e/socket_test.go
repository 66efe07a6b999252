//go:build unix

package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// dialFrom opens a connection from an address of loopback: there are sixteen million of them.
func dialFrom(ctx context.Context, from, addr string) (net.Conn, error) {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	return dialer.DialContext(ctx, "tcp", addr)
}

// reply is one answer of a connection.
type reply struct {
	*http.Response
	text string
}

// converse writes bytes on a connection of its own and returns what came back until its end, which the
// server makes: it refuses, or the last request asks for it.
func converse(t testing.TB, addr, sent string) (replies []reply) {
	t.Helper()
	conn, err := dialFrom(t.Context(), "127.0.0.1", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(conn, sent) }() // who is refused need not be read to the end
	for reader := bufio.NewReader(conn); ; {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return replies
		}
		text, _ := io.ReadAll(response.Body)
		replies = append(replies, reply{response, string(text)})
	}
}

// statuses are those of all replies.
func statuses(replies []reply) string {
	var words []string
	for _, r := range replies {
		words = append(words, fmt.Sprint(r.StatusCode))
	}
	return strings.Join(words, " ")
}

// whileOthersAreServed keeps two clients refreshing on connections of their own, each time a new one,
// while something is done to the process. None of them may notice.
func whileOthersAreServed(t *testing.T, p *process, act func()) {
	t.Helper()
	over := make(chan struct{})
	var g errgroup.Group
	for i := range 2 {
		token := signUp(t, p, fmt.Sprintf("other-%d", i)).RefreshToken
		client := newClient(t)
		client.Transport.(*http.Transport).DisableKeepAlives = true
		g.Go(func() error {
			for n := 0; ; n++ {
				a, err := send(t.Context(), client, p.addr, refreshing(token))
				if err != nil {
					return fmt.Errorf("another client had no answer: %w", err)
				}
				next, err := a.pair()
				if err != nil {
					return fmt.Errorf("another client: %w", err)
				}
				token = next.RefreshToken
				select {
				case <-over:
					return nil
				case <-time.After(50 * time.Millisecond): // it is a client, not a load
				}
			}
		})
	}
	act()
	close(over)
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

// adminToken is the one that the first start made.
func (d *deployment) adminToken(t testing.TB) string {
	t.Helper()
	token, err := os.ReadFile(filepath.Join(d.dir, "data", "admin.token"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(token))
}

//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/authd/authd/internal/store/pgtest"
)

const (
	servingClients  = 64
	servingUsers    = 4
	refreshesPerSet = 8 // refreshes for each fetch of the key set, which verifiers make
)

// BenchmarkServing has the whole service work in this process, where a profile sees it: logins, then
// refreshes and fetches of the key set by many clients at once. cmd/authd/default.pgo is such a profile,
// which the compiler builds the program by (make profile).
func BenchmarkServing(b *testing.B) {
	for _, alg := range []string{"ES256", "EdDSA"} {
		b.Run("PostgreSQL, "+alg, func(b *testing.B) {
			serving(b, "AUTHD_SIGNING_ALG="+alg, "AUTHD_DATABASE_URL="+pgtest.New(b), "AUTHD_MASTER_KEY="+drawn('m'), "AUTHD_AUTO_MIGRATE=true")
		})
	}
	b.Run("SQLite, ES256", func(b *testing.B) { serving(b, "AUTHD_DATA_DIR="+b.TempDir()) })
}

func serving(b *testing.B, environ ...string) {
	addr := serveHere(b, append(environ, "AUTHD_BCRYPT_COST=10", "AUTHD_THROTTLE_SOURCE=0", "AUTHD_LOG_FORMAT=json"))
	clients := make([]*servedClient, servingClients)
	var group sync.WaitGroup
	for n := range clients {
		clients[n] = &servedClient{b: b, addr: addr}
		if n < servingUsers {
			clients[n].post(http.StatusCreated, "/register", credentials(n))
		}
	}
	for n, c := range clients {
		group.Go(func() { c.post(http.StatusOK, "/login", credentials(n)) })
	}
	group.Wait()
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	for _, c := range clients {
		group.Go(func() {
			for n := left.Add(-1); n >= 0 && !b.Failed(); n = left.Add(-1) {
				if n%refreshesPerSet == 0 {
					c.ask(http.StatusOK, "GET", keySetPath, "")
				}
				c.post(http.StatusOK, "/refresh", `{"refresh_token":"`+c.refresh+`"}`)
			}
		})
	}
	group.Wait()
}

func credentials(n int) string {
	return fmt.Sprintf(`{"username":"user%d","password":"a cup of tea at four"}`, n%servingUsers)
}

// serveHere runs authd serve in this process until the benchmark ends, its log in a file.
func serveHere(b *testing.B, environ []string) (addr string) {
	file, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	log := &addressOf{File: file, found: make(chan string, 1)}
	ctx, stop := context.WithCancelCause(context.WithoutCancel(b.Context()))
	ended, processors := make(chan int, 1), runtime.GOMAXPROCS(0)
	go func() {
		ended <- run(ctx, []string{"serve", "--addr=127.0.0.1:0", "--issuer=http://authd.test"}, process{environ, strings.NewReader(""), log, log})
	}()
	b.Cleanup(func() {
		stop(stopped{syscall.SIGINT})
		if code := <-ended; code != exitOK {
			b.Errorf("authd ended with %d", code)
		}
		runtime.GOMAXPROCS(processors) // serve has taken more
		_ = file.Close()
	})
	select {
	case addr = <-log.found:
	case code := <-ended:
		ended <- code
		b.Fatalf("authd ended with %d", code)
	}
	return addr
}

// addressOf is a log that tells on which address is served, once it is.
type addressOf struct {
	*os.File
	found chan string
	line  logLine
}

func (a *addressOf) Write(text []byte) (int, error) {
	if a.line.Msg != "serving" {
		if a.line.Msg = ""; json.Unmarshal(text, &a.line) == nil && a.line.Msg == "serving" {
			a.found <- a.line.Address
		}
	}
	return a.File.Write(text)
}

// servedClient is one connection, and the session that it keeps alive.
type servedClient struct {
	b       *testing.B
	addr    string
	conn    net.Conn
	in      *bufio.Reader
	refresh string
}

func (c *servedClient) post(want int, path, body string) { c.ask(want, "POST", path, body) }

func (c *servedClient) ask(want int, method, path, body string) {
	if c.conn == nil {
		var err error
		if c.conn, err = net.Dial("tcp", c.addr); err != nil {
			c.b.Error(err)
			return
		}
		c.b.Cleanup(func() { _ = c.conn.Close() })
		c.in = bufio.NewReader(c.conn)
	}
	_, err := fmt.Fprintf(c.conn, "%s %s HTTP/1.1\r\nHost: authd.test\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		method, path, len(body), body)
	if err != nil {
		c.b.Error(err)
		return
	}
	response, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.b.Error(err)
		return
	}
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != want {
		c.b.Errorf("%s %s: got %s, %v, want %d: %s", method, path, response.Status, err, want, answer)
		return
	}
	if _, after, found := bytes.Cut(answer, []byte(`"refresh_token":"`)); found {
		token, _, _ := bytes.Cut(after, []byte(`"`))
		c.refresh = string(token)
	}
}

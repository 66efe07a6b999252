//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/authd/authd/internal/api"
)

const (
	keySetPath    = "/.well-known/jwks.json"
	keySetClients = 32
	keySetRound   = 20 * time.Millisecond
)

// keySet is one as a first boot with ES256 publishes it, in its length.
type keySet struct{ body []byte }

func (k keySet) JWKS() (body []byte, etag string) { return k.body, `"2gxPFEvbwMjcJkWoZBkSkQ"` }

func newKeySet() keySet {
	key := []byte(`{"alg":"ES256","crv":"P-256","kid":"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U","kty":"EC","use":"sig",` +
		`"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`)
	return keySet{slices.Concat([]byte(`{"keys":[`), key, []byte(","), key, []byte(`]}`))}
}

// BenchmarkKeySetOverHTTP prints how many fetches of the key set authd answers, as a share of what a bare
// chi handler answers that returns the same bytes, headers included: over loopback, on connections that
// are kept, by many clients, in rounds that take turns. authd is what ships: the connections that are counted and watched, and
// the handler with request ids, headers, metrics and the log. The bare one stands on net/http with the same limits of time. x-bare is the share by what was answered, x-bare-by-cpu by the
// processor's time for it, which other programs on the machine disturb less. The goal is 0.95:
//
//	go test ./cmd/authd -run '^$' -bench KeySetOverHTTP -benchtime 500x
func BenchmarkKeySetOverHTTP(b *testing.B) {
	keys := newKeySet()
	routes := keySetRoutes(b, keys)
	crowds := [2]*crowd{newCrowd(b, serveBare(b, bareChi(b, routes))), newCrowd(b, serveWhole(b, routes))}
	var rates, costs [2][]float64
	var byRate, byCost []float64
	for round := 0; b.Loop(); round++ {
		for n := range 2 {
			n ^= round & 1 // each goes first as often as the other
			rate, cost := crowds[n].fetch(b, keySetRound)
			rates[n], costs[n] = append(rates[n], rate), append(costs[n], cost)
		}
		byRate = append(byRate, rates[1][round]/rates[0][round])
		byCost = append(byCost, costs[0][round]/costs[1][round])
	}
	for n, name := range []string{"bare", "authd"} {
		b.ReportMetric(middle(rates[n]), name+"/s")
		b.ReportMetric(middle(costs[n])/1000, name+"-cpu-µs")
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(middle(byRate), "x-bare")
	b.ReportMetric(middle(byCost), "x-bare-by-cpu")
}

func middle(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

// cpuTime is what this process has used, clients included.
func cpuTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// bareChi repeats an answer of another handler.
func bareChi(b *testing.B, other http.Handler) http.Handler {
	answer := httptest.NewRecorder()
	other.ServeHTTP(answer, httptest.NewRequestWithContext(b.Context(), "GET", keySetPath, nil))
	header, body := answer.Header(), answer.Body.Bytes()
	mux := chi.NewRouter()
	mux.Get(keySetPath, func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header().Set(name, values[0])
		}
		_, _ = w.Write(body)
	})
	return mux
}

func keySetRoutes(b *testing.B, keys keySet) http.Handler {
	config := unasked()
	config.Keys, config.Meter, config.Logger = keys, newMeters().api(), newLogger(io.Discard, logSettings{LogFormat: "json"})
	handler, err := api.New(config)
	if err != nil {
		b.Fatal(err)
	}
	return handler
}

// serveWhole serves a handler as serve does.
func serveWhole(b *testing.B, handler http.Handler) (addr string) {
	w, listener := newWebServer(handler, slog.New(slog.DiscardHandler)), onLoopback(b)
	w.bounds = bounds{most: mostConnections, each: mostConnections}
	go func() { _ = w.run(b.Context(), b.Context(), listener) }()
	b.Cleanup(func() { _ = w.server.Close() })
	return listener.Addr().String()
}

// serveBare serves a handler on net/http alone.
func serveBare(b *testing.B, handler http.Handler) (addr string) {
	server, listener := &http.Server{Handler: handler, ReadHeaderTimeout: headerTime, ReadTimeout: bodyTime, WriteTimeout: answerTime}, onLoopback(b)
	go func() { _ = server.Serve(listener) }()
	b.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

func onLoopback(b *testing.B) net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	return listener
}

// crowd is a number of clients that are as cheap as can be: each writes one request and reads as many
// bytes as the first answer had.
type crowd struct {
	conns  []net.Conn
	length int
}

func newCrowd(b *testing.B, addr string) *crowd {
	c := &crowd{}
	for range keySetClients {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { conn.Close() })
		c.conns = append(c.conns, conn)
	}
	response, err := http.Get("http://" + addr + keySetPath)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	text, err := httputil.DumpResponse(response, true)
	if err != nil || response.StatusCode != http.StatusOK {
		b.Fatalf("%s, %v", text, err)
	}
	c.length = len(text)
	return c
}

// fetch fetches for a while and returns how many times in a second, and the processor's time for one in
// nanoseconds.
func (c *crowd) fetch(b *testing.B, d time.Duration) (rate, cost float64) {
	var over atomic.Bool
	var total atomic.Int64
	var clients sync.WaitGroup
	began, used := time.Now(), cpuTime(b)
	for _, conn := range c.conns {
		clients.Go(func() {
			n, err := c.follow(conn, &over)
			total.Add(n)
			if err != nil {
				b.Error(err)
			}
		})
	}
	time.Sleep(d)
	over.Store(true)
	clients.Wait()
	n := float64(total.Load())
	return n / time.Since(began).Seconds(), float64(cpuTime(b)-used) / n
}

func (c *crowd) follow(conn net.Conn, over *atomic.Bool) (n int64, err error) {
	request, answer := []byte("GET "+keySetPath+" HTTP/1.1\r\nHost: issuer.test\r\n\r\n"), make([]byte, c.length)
	for ; !over.Load(); n++ {
		if _, err := conn.Write(request); err != nil {
			return n, err
		}
		if _, err := io.ReadFull(conn, answer); err != nil {
			return n, err
		}
		if !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) || !bytes.HasSuffix(answer, []byte("]}")) {
			return n, fmt.Errorf("got %s", answer)
		}
	}
	return n, nil
}

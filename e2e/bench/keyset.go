//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"

	"github.com/go-chi/chi/v5"
)

const keySetPath = "/.well-known/jwks.json"

// keySets is a load of clients that fetch the key set.
func keySets(id, what string, from *instance, clients int) *load {
	return &load{id: id, what: what, clients: clients, service: from,
		open: func(ctx context.Context, _ int) (func(context.Context) error, func(), error) {
			c, err := dial(ctx, from.address)
			request := get(keySetPath)
			return func(context.Context) error {
				_, err := c.want(200, request)
				return err
			}, c.close, err
		}}
}

// bareChi is the argument that makes this program the yardstick of the key set, in a process of its own as authd is.
const bareChi = "bare-chi"

// serveBareChi answers what it was given in its environment, and knows nothing else.
func serveBareChi() {
	mux, body := chi.NewRouter(), []byte(os.Getenv("BODY"))
	mux.Get(keySetPath, func(w http.ResponseWriter, _ *http.Request) {
		header := w.Header()
		header.Set("Content-Type", "application/json")
		header.Set("Etag", `"2gxPFEvbwMjcJkWoZBkSkQ"`)
		header.Set("Cache-Control", "public, max-age=300")
		header.Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body) // who hung up has no use for it
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintf(os.Stderr, "{\"msg\":\"serving\",\"address\":%q}\n", listener.Addr())
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)
	go func() {
		<-stop
		os.Exit(0)
	}()
	fmt.Fprintln(os.Stderr, http.Serve(listener, mux))
	os.Exit(1)
}

// bare starts the yardstick. Its body has as many bytes as authd's; it sends fewer headers, and no profile helped to
// compile it, as none helps whoever writes such a handler.
func (w *world) bare(ctx context.Context, like *instance) (*instance, error) {
	body, err := once(like.address, 200, get(keySetPath))
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, bareChi)
	cmd.Env = []string{"BODY=" + body}
	return w.launch(ctx, cmd)
}

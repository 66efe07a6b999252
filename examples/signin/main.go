package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, readConfig(os.Getenv), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "signin:", err)
		os.Exit(1)
	}
}

// config is what the environment says.
type config struct {
	addr   string // SIGNIN_ADDR: where to listen
	origin string // SIGNIN_ORIGIN: what browsers call this server; AUTHD_CORS_ORIGINS has to list it
	authd  string // AUTHD_URL: its issuer, on the same site as the origin; empty: one is started
}

func readConfig(getenv func(string) string) config {
	return config{
		addr:   cmp.Or(getenv("SIGNIN_ADDR"), "127.0.0.1:8090"),
		origin: getenv("SIGNIN_ORIGIN"),
		authd:  getenv("AUTHD_URL"),
	}
}

func run(ctx context.Context, c config, out io.Writer) (err error) {
	listener, err := net.Listen("tcp", c.addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	if c.origin == "" {
		c.origin = fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	}
	if c.authd == "" {
		fmt.Fprintln(out, "building authd and starting it on an empty store; its log goes to standard error")
		own, err := startAuthd(ctx, c.origin)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, own.stop()) }()
		c.authd = own.issuer
	}
	handler, err := pageHandler(c.authd)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "open %s (authd is at %s)\n", c.origin, c.authd)
	return serve(ctx, listener, handler)
}

// serve answers requests until ctx ends.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return server.Shutdown(closing)
}

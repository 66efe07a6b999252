package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/authd/authd/verify"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	if err := run(ctx, readConfig(os.Getenv)); err != nil {
		slog.Error("notes ends", "error", err)
		os.Exit(1)
	}
}

// config is what the environment says. The defaults fit an authd that was started without any settings.
type config struct {
	addr     string // NOTES_ADDR: where to listen
	issuer   string // AUTHD_ISSUER: whose tokens count, to the letter
	audience string // AUTHD_AUDIENCE: what they must be meant for; authd's default is its issuer
	url      string // AUTHD_URL: where authd is reached from here, if that is not the issuer
}

func readConfig(getenv func(string) string) config {
	c := config{
		addr:   cmp.Or(getenv("NOTES_ADDR"), "127.0.0.1:8090"),
		issuer: cmp.Or(getenv("AUTHD_ISSUER"), "http://127.0.0.1:8080"),
		url:    getenv("AUTHD_URL"),
	}
	c.audience = cmp.Or(getenv("AUTHD_AUDIENCE"), c.issuer)
	return c
}

func run(ctx context.Context, c config) error {
	verifier, err := verify.New(verify.Config{
		Issuer:   c.issuer,
		Audience: c.audience,
		URL:      c.url,
		Hooks:    verify.Hooks{Polled: reportFeed()},
	})
	if err != nil {
		return err
	}
	handler, err := routes(verifier, newNotebook())
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.addr)
	if err != nil {
		return err
	}
	slog.Info("serving", "address", listener.Addr().String(), "issuer", c.issuer)

	// The verifier follows authd's feed until the last request is done. It needs no waiting for: until it
	// knows what was revoked every answer is 503, and readiness says so.
	following, stopFollowing := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- verifier.Run(following) }()
	err = serve(ctx, listener, handler)
	stopFollowing()
	return errors.Join(err, <-ended)
}

// serve answers requests until ctx ends, and then finishes those that were begun.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return server.Shutdown(grace)
}

// reportFeed logs when the feed of revocations stops coming and when it is back, and not each poll.
// Polls follow one another, so nothing here needs a lock.
func reportFeed() func(error) {
	broken := false
	return func(err error) {
		switch {
		case err != nil && !broken:
			slog.Warn("the feed of revocations does not come", "error", err)
		case err == nil && broken:
			slog.Info("the feed of revocations is back")
		}
		broken = err != nil
	}
}

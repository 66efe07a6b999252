package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// patience is for what takes long on a busy machine.
const patience = time.Minute

// authd is one that runs for this page alone.
type authd struct {
	issuer string
	folder string
	cmd    *exec.Cmd
	ended  chan error
}

// startAuthd builds authd and runs it on an empty store, for a page of an origin. The page and authd are
// on one site: a browser keeps the cookie to itself where they are not.
func startAuthd(ctx context.Context, origin string) (_ *authd, err error) {
	root, err := findRoot()
	if err != nil {
		return nil, err
	}
	a := &authd{ended: make(chan error, 1)}
	if a.folder, err = os.MkdirTemp("", "authd-signin-*"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.stop())
		}
	}()
	program := filepath.Join(a.folder, "authd")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/authd")
	build.Dir, build.Env = root, append(os.Environ(), "GOWORK=off")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build ./cmd/authd: %w\n%s", err, text)
	}
	address, port, err := freeAddress()
	if err != nil {
		return nil, err
	}
	a.issuer = "http://localhost:" + port
	cmd := exec.Command(program, "serve")
	cmd.Dir, cmd.Stderr = a.folder, os.Stderr
	cmd.Env = environ("AUTHD_ADDR="+address, "AUTHD_ADMIN_ADDR=", "AUTHD_ISSUER="+a.issuer, "AUTHD_CORS_ORIGINS="+origin)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	a.cmd = cmd
	go func() { a.ended <- cmd.Wait() }()
	return a, a.awaitReady(ctx, "http://"+address)
}

func (a *authd) awaitReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-tick.C:
		case err := <-a.ended:
			a.cmd = nil
			return fmt.Errorf("authd ended before it served: %w", errors.Join(err, errors.New("its log says why")))
		case <-ctx.Done():
			return fmt.Errorf("wait for authd: %w", ctx.Err())
		}
	}
}

// stop ends authd and leaves nothing behind.
func (a *authd) stop() (err error) {
	if a.cmd != nil {
		_ = a.cmd.Process.Signal(syscall.SIGTERM) // fails only if it has ended: a ^C reached it too
		select {
		case err = <-a.ended:
		case <-time.After(patience):
			err = errors.Join(errors.New("authd did not stop"), a.cmd.Process.Kill())
		}
	}
	return errors.Join(err, os.RemoveAll(a.folder))
}

// environ is what authd is told: nothing that happens to be set here for another one.
func environ(settings ...string) (all []string) {
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "AUTHD_") {
			all = append(all, entry)
		}
	}
	return append(all, settings...)
}

// freeAddress is one that nobody listens on. It must be known before authd starts: tokens name it.
func freeAddress() (address, port string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	address = listener.Addr().String()
	_, port, err = net.SplitHostPort(address)
	return address, port, errors.Join(err, listener.Close())
}

// findRoot looks for the repository from here upwards.
func findRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for at := folder; ; at = filepath.Dir(at) {
		mod, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil && strings.HasPrefix(string(mod), "module github.com/authd/authd\n") {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%s is not in the repository of authd: set AUTHD_URL to one that runs", folder)
		}
	}
}

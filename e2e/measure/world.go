//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authd/authd/internal/store/pgtest"
)

const (
	issuer   = "http://authd.test"
	password = "a cup of tea at four"
	patience = time.Minute
)

// world is a PostgreSQL that flushes as in production, and two instances of authd on it.
type world struct {
	folder    string
	environ   []string // of whatever works on the database
	database  *pgtest.Server
	conn      *pgx.Conn
	instances []*instance
	client    *http.Client
}

// instance is one authd serve.
type instance struct {
	cmd   *exec.Cmd
	url   string
	ended chan error
}

// newWorld starts an instance for each of the settings.
func newWorld(ctx context.Context, settings [][]string) (w *world, err error) {
	w = &world{client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: patience}}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.folder, err = os.MkdirTemp("", "authd-measure-*"); err != nil {
		return w, err
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", w.folder, "./cmd/authd")
	build.Dir, build.Env, build.Stderr = "..", append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0"), os.Stderr
	if err := build.Run(); err != nil {
		return w, fmt.Errorf("build authd: %w", err)
	}
	if w.database, err = pgtest.Launch(pgtest.Config{Fsync: true}); err != nil {
		return w, err
	}
	if w.conn, err = pgx.Connect(ctx, w.database.URL()); err != nil {
		return w, err
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // documented never to fail
	w.environ = []string{
		"AUTHD_ISSUER=" + issuer, "AUTHD_DATABASE_URL=" + w.database.URL(),
		"AUTHD_MASTER_KEY=" + base64.StdEncoding.EncodeToString(key),
	}
	for _, own := range settings {
		i, err := w.start(ctx, own)
		if err != nil {
			return w, err
		}
		w.instances = append(w.instances, i)
	}
	return w, nil
}

// start starts an instance with its defaults, but for its own settings and the cost of a password: that is
// not what is measured.
func (w *world) start(ctx context.Context, own []string) (*instance, error) {
	cmd := exec.Command(w.program(), "serve")
	cmd.Dir = w.folder
	cmd.Env = slices.Concat(w.environ, []string{"AUTHD_ADDR=127.0.0.1:0", "AUTHD_AUTO_MIGRATE=true", "AUTHD_BCRYPT_COST=10",
		"AUTHD_THROTTLE_SOURCE=0"}, own) // users are registered faster than an address may
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	i := &instance{cmd: cmd, ended: make(chan error, 1)}
	serving := make(chan string, 1)
	go func() {
		last := i.read(stderr, serving)
		if err := cmd.Wait(); err != nil {
			i.ended <- fmt.Errorf("authd: %w: %s", err, last)
		}
		close(i.ended)
	}()
	select {
	case address := <-serving:
		i.url = "http://" + address
		return i, nil
	case err := <-i.ended:
		return nil, err
	case <-time.After(patience):
		err = fmt.Errorf("authd does not serve after %v", patience)
	case <-ctx.Done():
		err = ctx.Err()
	}
	return nil, errors.Join(err, i.stop())
}

func (w *world) program() string { return filepath.Join(w.folder, "authd") }

// command runs one of authd's commands beside the instances, and returns what it printed.
func (w *world) command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, w.program(), args...)
	cmd.Dir, cmd.Env = w.folder, w.environ
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("authd %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), err
}

// read takes the log, tells where the instance serves, and returns the last line.
func (i *instance) read(log io.Reader, serving chan<- string) (last string) {
	address := ""
	for lines := bufio.NewScanner(log); lines.Scan(); {
		last = lines.Text()
		var line struct{ Msg, Address string }
		_ = json.Unmarshal(lines.Bytes(), &line) // what is no JSON says nothing
		if address == "" {
			address = line.Address
		}
		if line.Msg == "serving" {
			serving <- address
		}
	}
	return last
}

func (i *instance) stop() error {
	_ = i.cmd.Process.Signal(syscall.SIGTERM) // fails only if it has ended
	return <-i.ended
}

func (w *world) close() (err error) {
	for _, i := range w.instances {
		err = errors.Join(err, i.stop())
	}
	if w.conn != nil {
		err = errors.Join(err, w.conn.Close(context.Background()))
	}
	if w.database != nil {
		err = errors.Join(err, w.database.Close())
	}
	return errors.Join(err, os.RemoveAll(w.folder))
}

// session is the part of a token pair that a client keeps.
type session struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

// post sends JSON and wants a status.
func (w *world) post(ctx context.Context, i *instance, path string, status int, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, i.url+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := w.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != status {
		err = fmt.Errorf("POST %s: got %d, want %d: %s", path, response.StatusCode, status, answer)
	}
	return answer, err
}

// signIn makes a user with so many sessions.
func (w *world) signIn(ctx context.Context, name string, count int) (all []session, err error) {
	credentials := map[string]string{"username": name, "password": password}
	if _, err := w.post(ctx, w.instances[0], "/register", http.StatusCreated, credentials); err != nil {
		return nil, err
	}
	for n := range count {
		answer, err := w.post(ctx, w.instances[n%2], "/login", http.StatusOK, credentials)
		if err != nil {
			return nil, err
		}
		var s session
		if err := json.Unmarshal(answer, &s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func (w *world) logOut(ctx context.Context, i *instance, s session) error {
	_, err := w.post(ctx, i, "/logout", http.StatusNoContent, map[string]string{"refresh_token": s.Refresh})
	return err
}

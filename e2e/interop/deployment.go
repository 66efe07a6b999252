//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/oauth2/clientcredentials"
)

const (
	audience = "https://orders.example.com"
	scope    = "orders:read"
	password = "a cup of tea at four"

	accessTTL = 15 * time.Second
	patience  = time.Minute
)

// deployment is one authd that signs with one algorithm, with a user who is signed in and a machine client.
type deployment struct {
	alg     string
	issuer  string // and the address
	program string
	folder  string
	client  *http.Client
	cmd     *exec.Cmd
	ended   chan error

	session struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	machine   machineClient
	elsewhere string // a good token that is for another audience

	children sync.WaitGroup // what runs against it
}

type machineClient struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

// build builds authd into folder, as it ships.
func build(ctx context.Context, folder string) (program string, err error) {
	program = filepath.Join(folder, "authd")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, "./cmd/authd")
	cmd.Dir, cmd.Env = filepath.Join("..", ".."), append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build authd: %w: %s", err, out)
	}
	return program, nil
}

// deploy starts an authd in a folder of its own below folder, and signs a user in.
func deploy(ctx context.Context, program, folder, alg string) (d *deployment, err error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	d = &deployment{alg: alg, issuer: "http://" + address, program: program, folder: filepath.Join(folder, alg),
		client: &http.Client{Timeout: patience}, ended: make(chan error, 1)}
	if err := os.Mkdir(d.folder, 0o700); err != nil {
		return nil, err
	}
	if err := d.start(ctx, address); err != nil {
		return nil, errors.Join(err, d.stop())
	}
	if err := d.people(ctx); err != nil {
		return nil, errors.Join(err, d.stop())
	}
	return d, nil
}

// freeAddress is one that nobody listens on: the issuer is the address, and is fixed before the start.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// environ is that of the server and of the commands beside it.
func (d *deployment) environ() []string { return []string{"AUTHD_DATA_DIR=" + d.folder} }

func (d *deployment) start(ctx context.Context, address string) error {
	d.cmd = exec.Command(d.program, "serve")
	d.cmd.Dir = d.folder
	d.cmd.Env = append(d.environ(), "AUTHD_ADDR="+address, "AUTHD_ISSUER="+d.issuer, "AUTHD_ADMIN_ADDR=",
		"AUTHD_AUDIENCE="+audience, "AUTHD_SIGNING_ALG="+d.alg, "AUTHD_BCRYPT_COST=10", "AUTHD_THROTTLE_SOURCE=0",
		"AUTHD_JWKS_MAX_AGE=1s", "AUTHD_ACCESS_TTL="+accessTTL.String(), "AUTHD_LOG_FORMAT=json")
	stderr, err := d.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := d.cmd.Start(); err != nil {
		d.cmd = nil
		return err
	}
	serving := make(chan struct{}, 1)
	go func() {
		last := ""
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			last = lines.Text()
			if strings.Contains(last, `"msg":"serving"`) {
				serving <- struct{}{}
			}
		}
		err := d.cmd.Wait()
		if err != nil {
			err = fmt.Errorf("authd: %w: %s", err, last)
		}
		d.ended <- err
	}()
	select {
	case <-serving:
		return nil
	case err := <-d.ended:
		d.cmd = nil
		return errors.Join(errors.New("authd ended"), err)
	case <-time.After(patience):
		return fmt.Errorf("authd does not serve after %v", patience)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *deployment) stop() error {
	if d.cmd == nil {
		return nil
	}
	d.children.Wait()
	_ = d.cmd.Process.Signal(syscall.SIGTERM) // fails only if it has ended
	return <-d.ended
}

// people signs a user up and in, and makes a machine client.
func (d *deployment) people(ctx context.Context) error {
	if err := d.post(ctx, "/register", ada, nil); err != nil {
		return err
	}
	if err := d.signIn(ctx); err != nil {
		return err
	}
	var stranger machineClient
	if err := errors.Join(d.makeClient(ctx, audience, &d.machine), d.makeClient(ctx, "https://elsewhere.example.com", &stranger)); err != nil {
		return err
	}
	config := clientcredentials.Config{ClientID: stranger.ID, ClientSecret: stranger.Secret, TokenURL: d.issuer + "/oauth/token"}
	token, err := config.Token(ctx)
	if err == nil {
		d.elsewhere = token.AccessToken
	}
	return err
}

func (d *deployment) makeClient(ctx context.Context, audience string, into *machineClient) error {
	out, err := d.command(ctx, "clients", "create", "interop", "--scope", scope, "--audience", audience, "--json")
	if err != nil {
		return err
	}
	return json.Unmarshal(out, into)
}

// ends waits for a child that ends with ctx.
func (d *deployment) ends(ctx context.Context, cmd *exec.Cmd) {
	d.children.Add(1)
	context.AfterFunc(ctx, func() {
		defer d.children.Done()
		_ = cmd.Wait() // it was told to end, and says so
	})
}

var ada = map[string]string{"username": "ada", "password": password}

// signIn opens a session.
func (d *deployment) signIn(ctx context.Context) error { return d.post(ctx, "/login", ada, &d.session) }

// command runs one of authd's commands beside the server.
func (d *deployment) command(ctx context.Context, args ...string) ([]byte, error) {
	var out, said bytes.Buffer
	cmd := exec.CommandContext(ctx, d.program, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = d.folder, d.environ(), &out, &said
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("authd %s: %w: %s", strings.Join(args, " "), err, said.Bytes())
	}
	return out.Bytes(), nil
}

// refresh gets the next pair, and returns the access token.
func (d *deployment) refresh(ctx context.Context) (string, error) {
	err := d.post(ctx, "/refresh", map[string]string{"refresh_token": d.session.Refresh}, &d.session)
	return d.session.Access, err
}

// page is a page of the feed: signed by the same key, and no access token.
func (d *deployment) page(ctx context.Context) (string, error) {
	var page bytes.Buffer
	err := d.do(ctx, http.MethodGet, "/revocations", nil, &page)
	return strings.TrimSpace(page.String()), err
}

func (d *deployment) post(ctx context.Context, path string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	var got bytes.Buffer
	if err := d.do(ctx, http.MethodPost, path, bytes.NewReader(text), &got); err != nil || answer == nil {
		return err
	}
	return json.Unmarshal(got.Bytes(), answer)
}

func (d *deployment) do(ctx context.Context, method, path string, body io.Reader, into *bytes.Buffer) error {
	at, err := url.JoinPath(d.issuer, path)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, at, body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := d.client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = into.ReadFrom(response.Body)
	if err == nil && response.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s %s: got %d: %s", method, path, response.StatusCode, into)
	}
	return err
}

// kidOf is the key that a token names.
func kidOf(token string) string {
	var header struct{ Kid string }
	text, _, _ := strings.Cut(token, ".")
	b, _ := base64.RawURLEncoding.DecodeString(text)
	_ = json.Unmarshal(b, &header) // what is no header names no key
	return header.Kid
}

//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// checker is software in another language: a program that says its version, and then answers each line
// that it reads, which is a token, with a line of JSON.
func checker(name string, without map[string]string, note, folder string, command ...string) software {
	var version atomic.Value // as the last one said
	version.Store("not installed")
	return software{
		name: name, without: without, note: note,
		version: func() string { return version.Load().(string) },
		start: func(ctx context.Context, d *deployment) (verifier, error) {
			p, err := startProcess(ctx, d, folder, command)
			if err == nil {
				version.Store(p.version)
			}
			return p, err
		},
	}
}

// process is a running checker.
type process struct {
	version string
	in      io.Writer
	out     *bufio.Scanner
	said    *bytes.Buffer // on standard error
	mu      sync.Mutex    // one question at a time
}

// verdict is a line of a checker.
type verdict struct {
	Version  string
	Accepted bool
	Reason   string
}

func startProcess(ctx context.Context, d *deployment, folder string, command []string) (*process, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = folder, append(os.Environ(), d.facts()...), time.Second
	p := &process{said: new(bytes.Buffer)}
	cmd.Stderr = p.said
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p.in, p.out = in, bufio.NewScanner(out)
	d.ends(ctx, cmd)
	first, err := p.line()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", strings.Join(command, " "), err)
	}
	p.version = first.Version
	return p, nil
}

// facts are what checkers and clients are told of a deployment.
func (d *deployment) facts() []string {
	return []string{"ISSUER=" + d.issuer, "AUDIENCE=" + audience, "ALG=" + d.alg, "SCOPE=" + scope,
		"CLIENT_ID=" + d.machine.ID, "CLIENT_SECRET=" + d.machine.Secret, "REFRESH_TOKEN=" + d.session.Refresh}
}

func (p *process) verify(_ context.Context, token string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := fmt.Fprintln(p.in, token); err != nil {
		return err
	}
	said, err := p.line()
	if err != nil {
		return err
	}
	if !said.Accepted {
		return errors.New(said.Reason)
	}
	return nil
}

func (p *process) line() (v verdict, err error) {
	if !p.out.Scan() {
		return v, fmt.Errorf("ended: %s", p.said)
	}
	return v, json.Unmarshal(p.out.Bytes(), &v)
}

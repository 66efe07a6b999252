//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// process is one run of authd serve.
type process struct {
	cmd   *exec.Cmd
	name  string // by which PostgreSQL knows its connections
	addr  string // of its listener
	admin string // of the operators'

	lines chan logLine  // of its log, as they come; closed at its end
	ended chan struct{} // closed when it was waited for; exit is set then
	exit  error

	refreshes atomic.Int64 // answered, or given up because the client left

	mu   sync.Mutex
	bad  bytes.Buffer // guarded by mu: lines of warnings, errors and panics, for when a test fails
	once sync.Once
}

// logLine is what tests look for in a line of the log.
type logLine struct {
	Level, Msg, Address, Route, Peer string

	AdminAddress string `json:"admin_address"`
}

// launch starts authd serve and returns without waiting for anything that it says. It is killed at the
// end of the test, if it still runs then. It may have so many files open; 0 is as many as this process.
func launch(t testing.TB, dir, name string, environ []string, files int) *process {
	t.Helper()
	cmd := exec.Command(program, "serve")
	if files > 0 {
		cmd = exec.Command("/bin/sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$0" serve`, files), program)
	}
	p := &process{
		cmd: cmd, name: name,
		lines: make(chan logLine, 1<<12), ended: make(chan struct{}),
	}
	p.cmd.Dir, p.cmd.Env = dir, environ
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() && p.bad.Len() > 0 {
			t.Logf("%s wrote:\n%s", name, p.complaints())
		}
	})
	go func() {
		p.read(bufio.NewScanner(stderr))
		p.exit = p.cmd.Wait()
		close(p.ended)
	}()
	return p
}

// read takes the log until it ends, which is when the process does.
func (p *process) read(log *bufio.Scanner) {
	defer close(p.lines)
	for log.Scan() {
		var line logLine
		err := json.Unmarshal(log.Bytes(), &line)
		if err != nil || line.Level == "ERROR" || line.Level == "WARN" {
			p.mu.Lock()
			p.bad.Write(append(log.Bytes(), '\n'))
			p.mu.Unlock()
		}
		if line.Msg == "request" && line.Route == "/refresh" {
			p.refreshes.Add(1)
		}
		select {
		case p.lines <- line:
		default: // nobody has looked for thousands of lines: authd must not wait for that
		}
	}
}

// complaints is the end of what was bad in the log.
func (p *process) complaints() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	const most = 4 << 10
	text := p.bad.String()
	return text[max(0, len(text)-most):]
}

// await reads the log up to the line with a message, and returns it.
func (p *process) await(t testing.TB, msg string) logLine {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case line, open := <-p.lines:
			if !open {
				<-p.ended
				t.Fatalf("authd ended (%v) without saying %q:\n%s", p.exit, msg, p.complaints())
			}
			if line.Msg == "listening" {
				p.addr, p.admin = line.Address, line.AdminAddress
			}
			if line.Msg == msg {
				return line
			}
		case <-timeout:
			t.Fatalf("authd did not say %q in %v:\n%s", msg, patience, p.complaints())
			panic("unreachable")
		}
	}
}

// kill ends the process by SIGKILL, which it cannot prepare for, and waits until it is gone.
func (p *process) kill() {
	p.once.Do(func() { _ = p.cmd.Process.Kill() }) // fails only if it has ended
	<-p.ended
}

// signal asks the process to end.
func (p *process) signal(t testing.TB, how syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(how); err != nil {
		t.Fatal(err)
	}
}

// awaitExit waits for an end that was asked for, which must have status 0.
func (p *process) awaitExit(t testing.TB) {
	t.Helper()
	receive(t, "authd ends", p.ended)
	if p.exit != nil {
		t.Errorf("authd ended with %v, want status 0:\n%s", p.exit, p.complaints())
	}
}

// command runs another command of authd to its end.
func (d *deployment) command(t testing.TB, stdin string, args ...string) (output string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Env, cmd.Stdin = d.dir, d.settings(t, "", d.name+"-command"), strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(fmt.Errorf("authd %s: %w", strings.Join(args, " "), err))
	}
	return string(out), err
}

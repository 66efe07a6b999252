package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience is for what takes long on a busy machine. It is no claim of the story.
const patience = time.Minute

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
			return "", fmt.Errorf("%s is not in the repository of authd: say make demo there", folder)
		}
	}
}

// build makes a program of the repository, without the workspace, as it ships.
func build(ctx context.Context, folder, pkg, out string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", out, pkg)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, text)
	}
	return nil
}

// environ is what a program is told: nothing that happens to be set here for another authd.
func environ(settings ...string) (all []string) {
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "AUTHD_") && !strings.HasPrefix(entry, "NOTES_") {
			all = append(all, entry)
		}
	}
	return append(all, settings...)
}

// program is a running process whose log is read.
type program struct {
	name  string
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended; exit is set then
	exit  error

	mu     sync.Mutex
	lines  []logLine     // guarded by mu
	last   string        // guarded by mu: what it wrote last, for when it fails
	change chan struct{} // guarded by mu: closed at the next line, and replaced
}

// logLine is what the story looks for in a line of a log.
type logLine struct{ Msg, Address, Route string }

func start(name string, cmd *exec.Cmd) (*program, error) {
	p := &program{name: name, cmd: cmd, ended: make(chan struct{}), change: make(chan struct{})}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		for log := bufio.NewScanner(stderr); log.Scan(); {
			p.read(log.Bytes())
		}
		p.exit = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

func (p *program) read(text []byte) {
	var line logLine
	_ = json.Unmarshal(text, &line) // what is no JSON has no message
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines, p.last = append(p.lines, line), string(text)
	close(p.change)
	p.change = make(chan struct{})
}

// await waits until the log holds something.
func (p *program) await(ctx context.Context, what string, holds func([]logLine) bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		p.mu.Lock()
		held, change, last := holds(p.lines), p.change, p.last
		p.mu.Unlock()
		if held {
			return nil
		}
		select {
		case <-change:
		case <-p.ended:
			return fmt.Errorf("%s ended (%w) before %s. It wrote: %s", p.name, p.exit, what, last)
		case <-ctx.Done():
			return fmt.Errorf("%s: waiting until %s: %w", p.name, what, ctx.Err())
		}
	}
}

// address waits for the line that says where the program listens.
func (p *program) address(ctx context.Context) (address string, err error) {
	err = p.await(ctx, "it serves", func(lines []logLine) bool {
		serving := false
		for _, line := range lines {
			if line.Address != "" && address == "" {
				address = line.Address
			}
			serving = serving || line.Msg == "serving"
		}
		return serving && address != ""
	})
	return address, err
}

// requests counts the requests that the program has answered, by its log, leaving out some routes.
func requests(lines []logLine, but string) (n int) {
	for _, line := range lines {
		if line.Msg == "request" && line.Route != but {
			n++
		}
	}
	return n
}

// kill ends the program without asking it.
func (p *program) kill() {
	_ = p.cmd.Process.Kill() // fails only if it has ended
	<-p.ended
}

// stop asks the program to end and waits for it; after a while it is killed.
func (p *program) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.kill()
	}
	if p.exit != nil {
		return fmt.Errorf("%s ended with %w", p.name, p.exit)
	}
	return nil
}

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
	"time"
)

// patience is how long anything may take that has to happen at all.
const patience = time.Minute

// build makes authd as it ships, without the workspace.
func build(ctx context.Context, root, folder string) (program string, err error) {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", folder, "./cmd/authd")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build authd: %w: %s", err, out)
	}
	return folder + "/authd", nil
}

// server is one run of authd serve, and a reader of its log.
type server struct {
	cmd             *exec.Cmd
	public, private string // addresses
	ended           chan error

	mu     sync.Mutex
	lines  int            // guarded by mu, as is what follows
	faults []string       // lines that must not be
	warned map[string]int // :: message → how often
}

func serve(ctx context.Context, program, folder string, environ []string) (*server, error) {
	s := &server{cmd: exec.Command(program, "serve"), ended: make(chan error, 1), warned: map[string]int{}}
	s.cmd.Dir, s.cmd.Env = folder, environ
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	serving := make(chan struct{})
	go func() {
		last := s.read(stderr, serving)
		if err := s.cmd.Wait(); err != nil {
			s.ended <- fmt.Errorf("authd: %w: %s", err, last)
		}
		close(s.ended)
	}()
	select {
	case <-serving:
		return s, nil
	case err := <-s.ended:
		return nil, err
	case <-time.After(patience):
		err = fmt.Errorf("authd does not serve after %v", patience)
	case <-ctx.Done():
		err = ctx.Err()
	}
	return nil, errors.Join(err, s.stop())
}

// read takes the log until it ends, and returns its last line.
func (s *server) read(log io.Reader, serving chan<- struct{}) (last string) {
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Level, Msg, Address string
			AdminAddress        string `json:"admin_address"`
		}
		isJSON := json.Unmarshal(lines.Bytes(), &line) == nil
		if line.Msg == "listening" {
			s.public, s.private = line.Address, line.AdminAddress
		}
		s.judge(lines.Bytes(), isJSON, line.Level, line.Msg)
		if last = lines.Text(); line.Msg == "serving" {
			close(serving)
		}
	}
	return last
}

// judge holds a line of the log to what no line may have: errors, panics, and what was sent (I1, F25).
func (s *server) judge(line []byte, isJSON bool, level, msg string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines++
	bad := level == "ERROR" || !isJSON && (bytes.Contains(line, []byte("panic")) || bytes.Contains(line, []byte("goroutine ")))
	for _, secret := range []string{mark, "smuggled-", "art_A", "apr_A", "acs_A", "eyJhbGci", password, theirs} {
		bad = bad || isJSON && bytes.Contains(line, []byte(secret))
	}
	if bad {
		s.faults = append(s.faults, "the log says: "+string(clip(line, 2000)))
	}
	if level == "WARN" {
		s.warned[msg]++
	}
}

// complaints are the faults of the log since the last call.
func (s *server) complaints() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.faults
	s.faults = nil
	return all
}

// gone reports whether the process has ended by itself.
func (s *server) gone() error {
	select {
	case err := <-s.ended:
		return fmt.Errorf("authd has ended: %w", err)
	default:
		return nil
	}
}

// stop asks for the end as a person at a terminal does, which is the fastest.
func (s *server) stop() error {
	_ = s.cmd.Process.Signal(os.Interrupt) // fails only if it has ended
	return <-s.ended
}

// listed is the one origin whose pages may ask what users ask.
const listed = "https://app.example"

// environ is what every authd of a run is told. The cost of a password is the least there is: what is measured is
// what happens before one is compared.
func environ(adminToken string, more ...string) []string {
	return append([]string{
		"AUTHD_ADDR=127.0.0.1:0", "AUTHD_ADMIN_ADDR=127.0.0.1:0", "AUTHD_ISSUER=http://authd.test", "AUTHD_BCRYPT_COST=10",
		"AUTHD_AUTO_MIGRATE=true", "AUTHD_ADMIN_TOKEN=" + adminToken, "AUTHD_CORS_ORIGINS=" + listed, "TMPDIR=" + os.TempDir(),
		"PATH=" + strings.Clone(os.Getenv("PATH")),
	}, more...)
}

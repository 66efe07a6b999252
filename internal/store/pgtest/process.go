//go:build unix

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience is how long a server may take to start or to stop on a machine that is busy with tests.
const patience = time.Minute

var errEnded = errors.New("the server ended")

// process is one run of the server.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended and was waited for
}

// Start starts the server if it is down, and returns when it answers.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		return nil
	}
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := s.finder.command(s.bin, "postgres", s.settings()...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("pgtest: start postgres: %w", err)
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // its log says more than its exit code
		close(p.done)
	}()
	if err := s.await(p); err != nil {
		_ = cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("pgtest: start postgres: %w\n%s", err, s.logTail())
	}
	s.running = p
	return nil
}

func (s *Server) settings() []string {
	settings := []string{
		"listen_addresses=127.0.0.1",
		"port=" + strconv.Itoa(s.port),
		"unix_socket_directories=" + s.folder.path,
		"max_connections=300",
		"dynamic_shared_memory_type=mmap", // in the folder, where a killed server's is removed too
	}
	if !s.fsync {
		settings = append(settings, "fsync=off", "full_page_writes=off")
	}
	args := []string{"-D", s.data()}
	for _, setting := range append(settings, s.more...) {
		args = append(args, "-c", setting)
	}
	return args
}

// await returns when the server answers an ordinary connection: recovery after a kill is over then.
func (s *Server) await(p *process) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-p.done:
			return errEnded
		case <-ctx.Done():
			return fmt.Errorf("no answer in %s: %w", patience, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop shuts the server down in order: open transactions are rolled back, clients are told.
func (s *Server) Stop() error { return s.end(interrupt) }

// Kill ends all the server's processes by SIGKILL, as a machine that dies does: clients are told
// nothing, a commit under way may or may not have happened, and the next start recovers from the log.
func (s *Server) Kill() error { return s.end(killAll) }

// Restart stops the server in order and starts it again.
func (s *Server) Restart() error {
	if err := s.Stop(); err != nil {
		return err
	}
	return s.Start()
}

// Close ends the server and removes all that is left of it.
func (s *Server) Close() error {
	return errors.Join(s.Stop(), s.folder.remove())
}

func (s *Server) end(by func(*Server, *os.Process) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return nil
	}
	p := s.running
	if err := by(s, p.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("pgtest: end postgres: %w", err)
	}
	select {
	case <-p.done:
		s.running = nil
		return nil
	case <-time.After(patience):
		return fmt.Errorf("pgtest: postgres did not end in %s\n%s", patience, s.logTail())
	}
}

// interrupt asks for what PostgreSQL calls a fast shutdown.
func interrupt(_ *Server, postmaster *os.Process) error { return postmaster.Signal(syscall.SIGINT) }

func killAll(s *Server, postmaster *os.Process) error {
	// Stopped, it can neither replace nor warn a child while they are looked up and killed.
	if err := postmaster.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	// A child that still lives would keep the next start out, so this waits until none does.
	deadline := time.Now().Add(patience)
	for {
		pids, err := livingChildren(postmaster.Pid)
		if err != nil || len(pids) == 0 || time.Now().After(deadline) {
			// Nobody may take the number in this file for ours when it has become another process's.
			gone := os.Remove(filepath.Join(s.data(), "postmaster.pid"))
			return errors.Join(err, gone, postmaster.Kill())
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL) // fails only if it is gone
		}
		time.Sleep(time.Millisecond)
	}
}

// freePort picks a port below those that the system lends to outgoing connections. One of these could
// be taken, while the server is down, by the very client that keeps dialling it: TCP lets a socket
// connect to itself.
func freePort() (int, error) {
	for range 100 {
		port := 20000 + rand.IntN(12000)
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no free port between 20000 and 32000 on 127.0.0.1")
}

// logTail is the end of the server's log, for a failure's text.
func (s *Server) logTail() string {
	b, _ := os.ReadFile(s.logFile())
	const most = 4096
	return string(b[max(0, len(b)-most):])
}

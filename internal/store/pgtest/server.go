//go:build unix

package pgtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Config says how a cluster differs from the quick throw-away one that its zero value describes.
type Config struct {
	// Fsync makes the cluster flush to the disk as a production server does. Without it a commit
	// still survives the death of every process, and would not survive the loss of power, which no
	// test here can bring about.
	Fsync bool
	// Settings are what else the server is started with, each as name=value.
	Settings []string
	// Out is told what is installed. Nil means standard error.
	Out io.Writer
}

// Server is a cluster of its own, for tests that stop it, kill it and start it again. Its port, its
// password and its data stay the same throughout.
type Server struct {
	finder   finder
	bin      string
	folder   *folder
	port     int
	password string
	fsync    bool
	more     []string // settings

	mu      sync.Mutex // guards running, and is held while it changes
	running *process   // nil while the server is down
}

// NewServer launches a cluster that ends with t.
func NewServer(t testing.TB, cfg Config) *Server {
	t.Helper()
	s, err := Launch(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Launch makes a cluster in a temporary folder and starts it. Close ends it; so does the end of this
// process.
func Launch(cfg Config) (*Server, error) {
	s, err := prepare(cfg)
	if err != nil {
		return nil, err
	}
	if err := s.create(); err != nil {
		return nil, errors.Join(fmt.Errorf("pgtest: make a cluster: %w", err), s.Close())
	}
	return s, nil
}

func prepare(cfg Config) (*Server, error) {
	out := cfg.Out
	if out == nil {
		out = os.Stderr
	}
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	f := finder{
		path: os.Getenv("PATH"), places: usualPlaces, as: as,
		install: installer(out), lockFile: installLock,
	}
	bin, err := f.find()
	if err != nil && os.Getenv(EnvURL) != "" {
		return nil, fmt.Errorf("pgtest: a server that may be stopped is needed here, and the one of %s may not: %w", EnvURL, err)
	}
	if err != nil {
		return nil, err
	}
	dir, err := newFolder(as)
	if err != nil {
		return nil, fmt.Errorf("pgtest: make a temporary folder: %w", err)
	}
	return &Server{finder: f, bin: bin, folder: dir, password: randomHex(16), fsync: cfg.Fsync, more: cfg.Settings}, nil
}

// create runs initdb, makes the role and the database that URL names, and starts the server.
func (s *Server) create() error {
	// The superuser has no password and may come in by its own Unix user only: a cluster that trusts
	// every local user would let each of them run programs as this one.
	initdb := s.finder.command(s.bin, "initdb", "--pgdata="+s.data(), "--username=postgres",
		"--auth-local=peer", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C",
		"--no-sync", "--no-instructions")
	if output, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, output)
	}
	// Without a listening server, by standard input, so that the password shows in no process list.
	single := s.finder.command(s.bin, "postgres", "--single", "-F", "-c", "exit_on_error=true", "-D", s.data(), "postgres")
	single.Stdin = strings.NewReader("create role authd login password '" + s.password + "'\n" +
		"create database authd owner authd\n")
	if output, err := single.CombinedOutput(); err != nil {
		return fmt.Errorf("make the role and the database: %w\n%s", err, output)
	}
	for tries := 1; ; tries++ {
		port, err := freePort()
		if err != nil {
			return err
		}
		s.port = port
		// Somebody else may have taken the port since the look, and the server ended at once.
		if err = s.Start(); err == nil || tries == 5 || !errors.Is(err, errEnded) {
			return err
		}
	}
}

// URL is where the server listens. Its role owns its database and is nothing more, because that is all
// that authd is given in production.
func (s *Server) URL() string { return s.url("authd", "authd") }

// Schema is [New] on this server.
func (s *Server) Schema(t testing.TB) string {
	t.Helper()
	return newSchema(t, s.URL())
}

func (s *Server) url(role, database string) string {
	return fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d/%s?sslmode=disable", role, s.password, s.port, database)
}

// Folder has all files of the cluster, its log included. They change while the server runs.
func (s *Server) Folder() string { return s.folder.path }

// Dump is what pg_dump makes of the database: its whole content as text.
func (s *Server) Dump() ([]byte, error) {
	cmd := s.finder.command(s.bin, "pg_dump", "--dbname="+s.URL())
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("pg_dump: %w\n%s", err, &complaints)
	}
	return text, nil
}

func (s *Server) data() string    { return filepath.Join(s.folder.path, "data") }
func (s *Server) logFile() string { return filepath.Join(s.folder.path, "log") }

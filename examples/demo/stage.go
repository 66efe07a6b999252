package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// stage is the two programs, and the screen on which they are shown.
type stage struct {
	*screen
	root, folder string

	authdProgram, notesProgram *program
	authd, notes               service
	ada                        tokens
}

func (s *stage) binary(name string) string { return filepath.Join(s.folder, name) }

// start builds both programs and starts them.
func (s *stage) start(ctx context.Context) error {
	s.title("authd", "sign in, refresh, log out now")
	s.line("Access tokens that services verify by themselves are fast, and said to be")
	s.line("impossible to take back. Watch some being taken back. Two programs, built from")
	s.line("this folder, run on this machine; nothing is made up, and nothing is kept.")
	s.line("")
	s.line(s.paint(faint, "building both: the first time that takes a while"))
	began := time.Now()
	if err := errors.Join(
		build(ctx, s.root, "./cmd/authd", s.binary("authd")),
		build(ctx, filepath.Join(s.root, "examples"), "./notes", s.binary("notes")),
	); err != nil {
		return err
	}
	s.line(s.paint(faint, fmt.Sprintf("built in %.1f s; everything from here on is timed", time.Since(began).Seconds())))
	if err := s.startAuthd(ctx); err != nil {
		return err
	}
	return s.startNotes(ctx)
}

func (s *stage) startAuthd(ctx context.Context) (err error) {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	cmd := exec.Command(s.binary("authd"), "serve")
	cmd.Dir = s.folder
	// Every request is in the log, so that they can be counted; the cost is the least, as is the machine.
	cmd.Env = environ("AUTHD_ADDR="+address, "AUTHD_ADMIN_ADDR=", "AUTHD_LOG_FORMAT=json", "AUTHD_LOG_LEVEL=debug")
	began := time.Now()
	if s.authdProgram, err = start("authd", cmd); err != nil {
		return err
	}
	if _, err := s.authdProgram.address(ctx); err != nil {
		return err
	}
	s.authd = service{"authd", "http://" + address}
	s.line(fmt.Sprintf("%s %s  on an empty SQLite file, serving after %s",
		s.paint(bold, "authd"), s.authd.url, precisely(time.Since(began))))
	return nil
}

// startNotes starts the service and waits until it knows what was revoked so far.
func (s *stage) startNotes(ctx context.Context) (err error) {
	cmd := exec.Command(s.binary("notes"))
	cmd.Dir = s.folder
	cmd.Env = environ("NOTES_ADDR=127.0.0.1:0", "AUTHD_ISSUER="+s.authd.url)
	began := time.Now()
	if s.notesProgram, err = start("notes", cmd); err != nil {
		return err
	}
	address, err := s.notesProgram.address(ctx)
	if err != nil {
		return err
	}
	s.notes = service{"notes", "http://" + address}
	if err := s.awaitReady(ctx); err != nil {
		return err
	}
	s.line(fmt.Sprintf("%s %s  a service of yours, ready after %s", s.paint(bold, "notes"), s.notes.url, precisely(time.Since(began))))
	return nil
}

// awaitReady asks the service whether it can judge tokens.
func (s *stage) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if a, err := s.notes.call(ctx, http.MethodGet, "/readyz", "", nil); err != nil || a.status == http.StatusOK {
			return err
		}
		<-tick.C
	}
}

// freeAddress is one that nobody listens on. It must be known before authd starts: tokens name it.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// stop ends what runs.
func (s *stage) stop() (err error) {
	for _, p := range []*program{s.notesProgram, s.authdProgram} {
		if p != nil {
			err = errors.Join(err, p.stop())
		}
	}
	return err
}

// command runs another command of authd beside the running server.
func (s *stage) command(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, s.binary("authd"), args...)
	cmd.Dir, cmd.Env = s.folder, environ()
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("authd %s: %w\n%s", strings.Join(args, " "), err, text)
	}
	return nil
}

// asked counts what authd was asked so far, apart from polls of its feed. The log is behind the answers,
// so a request that can be recognised is sent after the others and waited for.
func (s *stage) asked(ctx context.Context) (n int, err error) {
	isMark := func(line logLine) bool { return line.Msg == "request" && line.Route == "/livez" }
	count := func(lines []logLine) (n int) {
		for _, line := range lines {
			if isMark(line) {
				n++
			}
		}
		return n
	}
	var before int
	err = s.authdProgram.await(ctx, "it logs", func(lines []logLine) bool { before = count(lines); return true })
	if err != nil {
		return 0, err
	}
	if _, err := s.authd.want(ctx, http.StatusOK, http.MethodGet, "/livez", "", nil); err != nil {
		return 0, err
	}
	err = s.authdProgram.await(ctx, "it logs a request", func(lines []logLine) bool {
		n = requests(slices.DeleteFunc(slices.Clone(lines), isMark), "/revocations")
		return count(lines) > before
	})
	return n, err
}

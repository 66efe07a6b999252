//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/authd/authd/internal/store/pgtest"
)

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: withpg [--] command [argument ...]")
		os.Exit(2)
	}
	code, err := run(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run(args []string) (code int, err error) {
	if os.Getenv(pgtest.EnvURL) != "" {
		return command(args, os.Environ())
	}
	server, err := pgtest.Launch(pgtest.Config{})
	if err != nil {
		return 1, err
	}
	code, err = command(args, append(os.Environ(), pgtest.EnvURL+"="+server.URL()))
	return code, errors.Join(err, server.Close())
}

// command passes on the signals that ask a program to end and waits for the command all the same: it
// may have servers of its own to stop, and needs the database until then.
func command(args, env []string) (code int, err error) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("withpg: %w", err)
	}
	go func() {
		for s := range asked {
			_ = cmd.Process.Signal(s) // fails only if it has ended
		}
	}()
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil // as shells say it
	}
	return exit.ExitCode(), nil
}

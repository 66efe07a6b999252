//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"syscall"
)

// child is a running server.
type child struct {
	cmd   *exec.Cmd
	addr  string
	admin string       // of the admin listener
	lines chan logLine // of log, as they come
	out   bytes.Buffer // whole when end has returned, as is log
	log   bytes.Buffer
}

// logLine is what tests look for in a line of the log.
type logLine struct {
	Msg, Address string
	AdminAddress string `json:"admin_address"`
}

// startServer starts authd on a free port of loopback and returns when it listens.
func startServer(dir string, environ []string, args ...string) (*child, error) {
	args = append([]string{"serve", "--addr=127.0.0.1:0", "--admin-addr=127.0.0.1:0", "--issuer=http://authd.test", "--log-format=json"}, args...)
	c := &child{cmd: exec.Command(filepath.Join(binary, "authd"), args...), lines: make(chan logLine, 1<<12)}
	c.cmd.Dir, c.cmd.Env, c.cmd.Stdout = dir, environ, &c.out
	stderr, err := c.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go c.read(stderr)
	return c, c.await("listening")
}

// read takes the log until it ends, which is when the process does.
func (c *child) read(stderr io.Reader) {
	defer close(c.lines)
	scanner := bufio.NewScanner(io.TeeReader(stderr, &c.log))
	for scanner.Scan() {
		var line logLine
		_ = json.Unmarshal(scanner.Bytes(), &line) // what is no JSON has no message
		select {
		case c.lines <- line:
		default: // nobody has looked for thousands of lines: the server must not wait for that
		}
	}
}

// await reads the log up to the line with a message.
func (c *child) await(msg string) error {
	for line := range c.lines {
		if line.Address != "" {
			c.addr, c.admin = line.Address, line.AdminAddress
		}
		if line.Msg == msg {
			return nil
		}
	}
	return fmt.Errorf("authd ended (%v) without saying %q:\n%s", c.cmd.Wait(), msg, c.log.String())
}

// end signals the process and waits for it. Whoever was not killed must end with status 0.
func (c *child) end(how syscall.Signal) error {
	if err := c.cmd.Process.Signal(how); err != nil {
		return err
	}
	for range c.lines {
	}
	if err := c.cmd.Wait(); err != nil && how != syscall.SIGKILL {
		return fmt.Errorf("authd ended with %w:\n%s", err, c.log.String())
	}
	return nil
}

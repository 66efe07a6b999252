//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// patience is how long anything may take that has to happen at all.
const patience = 2 * time.Minute

// instance is one process that serves.
type instance struct {
	cmd     *exec.Cmd
	address string
	log     string // the file that it writes to
	ended   chan error
}

func (i *instance) pid() int { return i.cmd.Process.Pid }

// launch starts a program and waits until its log says where it serves. The log is a file, because nobody here could
// read a pipe without taking from the cores what is measured on them.
func launch(ctx context.Context, cmd *exec.Cmd, log string) (*instance, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	cmd.Stderr = file
	i := &instance{cmd: cmd, log: log, ended: make(chan error, 1)}
	if err := i.start(); err != nil {
		return nil, err
	}
	if err := i.await(ctx); err != nil {
		err2 := i.stop()
		if ctx.Err() != nil {
			return nil, ctx.Err() // it was asked to end before it served: what it says of that is no news
		}
		return nil, errors.Join(err, err2)
	}
	return i, nil
}

// start runs the process so that it ends with this one, however this one ends. Linux sends the signal when the thread ends
// that started the child, so the thread is kept for as long as the child lives. Ctrl-C is for this process alone, which
// stops its children in order: they are out of its reach.
func (i *instance) start() error {
	i.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := i.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		if err := i.cmd.Wait(); err != nil {
			i.ended <- fmt.Errorf("%s: %w: %s", i.cmd.Path, err, i.lastLine())
		}
		close(i.ended)
	}()
	return <-started
}

// await reads the log until it says that the instance serves, and where.
func (i *instance) await(ctx context.Context) error {
	log, err := os.Open(i.log)
	if err != nil {
		return err
	}
	defer log.Close()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	var text []byte // that was not looked at
	for began := time.Now(); time.Since(began) < patience; {
		select {
		case <-look.C:
		case err := <-i.ended:
			return errors.Join(errors.New("it ended before it served"), err)
		case <-ctx.Done():
			return ctx.Err()
		}
		more, err := io.ReadAll(log)
		if err != nil {
			return err
		}
		var served bool
		if text, served = i.heed(append(text, more...)); served {
			return nil
		}
	}
	return fmt.Errorf("%s does not serve after %v", i.cmd.Path, patience)
}

// heed looks for the address in the lines of a log, and for the line that says that it is served. It returns what
// is not a whole line yet.
func (i *instance) heed(log []byte) (rest []byte, served bool) {
	for !served {
		text, after, whole := bytes.Cut(log, []byte{'\n'})
		if !whole {
			break
		}
		log = after
		var line struct{ Msg, Address string }
		_ = json.Unmarshal(text, &line) // what is no JSON says nothing
		if i.address == "" {
			i.address = line.Address
		}
		served = line.Msg == "serving"
	}
	return log, served
}

// forget empties the log, as who runs a service does sooner or later: a long run writes gigabytes.
func (i *instance) forget() error { return os.Truncate(i.log, 0) }

func (i *instance) lastLine() []byte {
	text, _ := os.ReadFile(i.log) // without it there is less to say
	text = bytes.TrimSpace(text)
	return text[bytes.LastIndexByte(text, '\n')+1:]
}

// stop asks for the end as a person at a terminal does, which is the fastest.
func (i *instance) stop() error {
	_ = i.cmd.Process.Signal(syscall.SIGINT) // fails only if it has ended
	return <-i.ended
}

// settledMiB waits until the memory of an instance has stopped shrinking for two seconds, and returns what it is then.
func (i *instance) settledMiB(ctx context.Context) (now float64, err error) {
	least, err := residentMiB(i.pid())
	if err != nil {
		return 0, err
	}
	look := time.NewTicker(250 * time.Millisecond)
	defer look.Stop()
	for quiet := 0; quiet < 8; quiet++ {
		select {
		case <-look.C:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		if now, err = residentMiB(i.pid()); err != nil {
			return 0, err
		}
		if now < least {
			least, quiet = now, 0
		}
	}
	return now, nil
}

// source is authd's, seen from where the bench is run.
const source = ".."

// build makes authd as it ships, without the workspace.
func build(ctx context.Context, folder string) (program string, err error) {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=auto", "-o", folder, "./cmd/authd")
	cmd.Dir, cmd.Env = source, append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build authd: %w: %s", err, out)
	}
	return folder + "/authd", nil
}

//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// patience is how long anything may take that has to happen at all.
const patience = 2 * time.Minute

// instance is one process that serves.
type instance struct {
	cmd     *exec.Cmd
	address string
	ended   chan error
}

func (i *instance) pid() int { return i.cmd.Process.Pid }

// launch starts a program and waits until its log says where it serves.
func launch(ctx context.Context, cmd *exec.Cmd) (*instance, error) {
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	i := &instance{cmd: cmd, ended: make(chan error, 1)}
	serving := make(chan string, 1)
	go func() {
		last := read(stderr, serving)
		if err := cmd.Wait(); err != nil {
			i.ended <- fmt.Errorf("%s: %w: %s", cmd.Path, err, last)
		}
		close(i.ended)
	}()
	select {
	case i.address = <-serving:
		return i, nil
	case err := <-i.ended:
		return nil, errors.Join(errors.New("it ended before it served"), err)
	case <-time.After(patience):
		err = fmt.Errorf("%s does not serve after %v", cmd.Path, patience)
	case <-ctx.Done():
		err = ctx.Err()
	}
	return nil, errors.Join(err, i.stop())
}

// read takes the log, tells where the instance serves, and returns the last line. Once that is known lines are only
// dropped: the reader shares the cores with what is measured.
func read(log io.Reader, serving chan<- string) (last string) {
	address, told := "", false
	for lines := bufio.NewScanner(log); lines.Scan(); {
		last = lines.Text()
		if told {
			continue
		}
		var line struct{ Msg, Address string }
		_ = json.Unmarshal(lines.Bytes(), &line) // what is no JSON says nothing
		if address == "" {
			address = line.Address
		}
		if line.Msg == "serving" {
			serving <- address
			told = true
		}
	}
	return last
}

// stop asks for the end as a person at a terminal does, which is the fastest.
func (i *instance) stop() error {
	_ = i.cmd.Process.Signal(syscall.SIGINT) // fails only if it has ended
	return <-i.ended
}

// settledMiB waits until the memory of an instance has stopped shrinking for two seconds.
func (i *instance) settledMiB(ctx context.Context) (least float64, err error) {
	if least, err = residentMiB(i.pid()); err != nil {
		return 0, err
	}
	look := time.NewTicker(250 * time.Millisecond)
	defer look.Stop()
	now := least
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

// build makes authd as it ships, without the workspace.
func build(ctx context.Context, folder string) (program string, err error) {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", folder, "./cmd/authd")
	cmd.Dir, cmd.Env = "..", append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build authd: %w: %s", err, out)
	}
	return folder + "/authd", nil
}

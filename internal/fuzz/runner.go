package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// minimize bounds what is spent on making one input shorter. The go command's own minute would be a
	// target's whole share.
	minimize = 2 * time.Second
	// grace is how much longer than its share a target may take: the corpus is run before, and what was
	// found is written down after.
	grace = 2 * time.Minute
)

// guides are the packages whose branches say that an input is new: ours, and the parsers that ours call.
// The go command would take every package of the test binary, the databases too, and after each execution
// look through all their counters: seventy times as slow, and led astray by what no decoder does.
var guides = []string{
	"github.com/authd/authd/...", "github.com/go-json-experiment/...", "golang.org/x/text/...",
	"github.com/jackc/pgx/v5/pgconn", "encoding/...", "net/url", "net/netip", "net/textproto", "mime", "strconv",
}

// runner runs targets one after another.
type runner struct {
	share    time.Duration
	parallel int
	out      io.Writer
	cache    string // where the go command keeps what fuzzing found
	folder   string // of test binaries
}

// all runs every target, whatever came of those before, and stops early only if it is told to.
func (r *runner) all(ctx context.Context, targets []target) (results []result, err error) {
	cache, err := goCommand(ctx, ".", "env", "GOCACHE")
	if err != nil {
		return nil, err
	}
	r.cache = filepath.Join(strings.TrimSpace(string(cache)), "fuzz")
	if r.folder, err = os.MkdirTemp("", "fuzz-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(r.folder)
	for binary, t := "", 0; t < len(targets); t++ {
		if t == 0 || targets[t].path != targets[t-1].path {
			if binary, err = r.build(ctx, targets[t:]); err != nil {
				return results, err
			}
		}
		result := r.one(ctx, binary, targets[t])
		result.print(r.out)
		results = append(results, result)
		if ctx.Err() != nil {
			return results, context.Cause(ctx)
		}
	}
	return results, nil
}

// build makes the instrumented test binary of the first target's package. A target that was found and is
// not in it, behind a build tag say, would be time that nobody spends.
func (r *runner) build(ctx context.Context, targets []target) (binary string, err error) {
	t := targets[0]
	binary = filepath.Join(r.folder, strconv.Itoa(len(targets))+".test")
	args := []string{"test", "-c", "-o", binary}
	for _, packages := range guides {
		args = append(args, "-gcflags="+packages+"=-d=libfuzzer") // what go test -fuzz does to all
	}
	if _, err := goCommand(ctx, t.module, append(args, t.path)...); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, binary, "-test.list=^Fuzz")
	cmd.Dir = t.dir
	listed, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("list the targets of %s: %w", t.path, err)
	}
	for _, t := range targets {
		if t.path == targets[0].path && !slices.Contains(strings.Fields(string(listed)), t.name) {
			return "", fmt.Errorf("%s is declared in %s, and its tests do not have it", t.name, t.path)
		}
	}
	return binary, nil
}

// one fuzzes one target, as go test -fuzz does.
func (r *runner) one(ctx context.Context, binary string, t target) result {
	ctx, cancel := context.WithTimeout(ctx, r.share+grace)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "-test.run=^$", "-test.fuzz=^"+t.name+"$",
		"-test.fuzztime="+r.share.String(), "-test.fuzzminimizetime="+minimize.String(),
		"-test.parallel="+strconv.Itoa(r.parallel), "-test.fuzzcachedir="+filepath.Join(r.cache, filepath.FromSlash(t.path)))
	cmd.Dir = t.dir
	// Its workers are processes of its own, and an interrupt lets it end them.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 10 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	started := time.Now()
	err := cmd.Run()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = errors.New("it did not end by itself")
	}
	return readResult(t, output.String(), time.Since(started), err)
}

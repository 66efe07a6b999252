//go:build unix

package main

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// terminated starts a server and tells it to stop.
func terminated(t *testing.T) *child {
	t.Helper()
	c, err := startServer(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	if err := c.await("serving"); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.await("stopping"); err != nil {
		t.Fatal(err)
	}
	return c
}

// H2: load balancers are told at once, and what they still send is served.
func TestAServerThatIsToldToStopIsAliveAndNotReady(t *testing.T) {
	t.Parallel()
	c := terminated(t)
	if status, _, answer := c.call(t, "GET", "/readyz", ""); status != http.StatusServiceUnavailable || !strings.Contains(answer, `"draining"`) {
		t.Errorf("/readyz: got %d %s, want 503 for draining", status, answer)
	}
	if status, _, answer := c.call(t, "GET", "/livez", ""); status != http.StatusOK {
		t.Errorf("/livez: got %d %s", status, answer)
	}
	if err := c.end(syscall.SIGKILL); err != nil {
		t.Error(err)
	}
}

func TestASecondSignalEndsTheProcessAtOnce(t *testing.T) {
	t.Parallel()
	c := terminated(t)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for ended := false; !ended; {
		select {
		case _, more := <-c.lines:
			ended = !more
		case <-again.C: // two signals that come together count as one
			_ = c.cmd.Process.Signal(syscall.SIGTERM)
		}
	}
	exit := (*exec.ExitError)(nil)
	if err := c.cmd.Wait(); !errors.As(err, &exit) || !exit.Sys().(syscall.WaitStatus).Signaled() {
		t.Errorf("got %v, want an end by the signal", err)
	}
}

// BenchmarkStart starts authd on a SQLite file that exists and ends it when it serves.
// Goals: under 40 ms, at most 20 MiB idle.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	start := func() *child {
		c, err := startServer(dir, nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := c.await("serving"); err != nil {
			b.Fatal(err)
		}
		return c
	}
	if err := start().end(syscall.SIGINT); err != nil { // makes the file
		b.Fatal(err)
	}
	var resident float64
	for b.Loop() {
		c := start()
		b.StopTimer()
		resident += residentMiB(b, c.cmd.Process.Pid)
		if err := c.end(syscall.SIGINT); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(resident/float64(b.N), "MiB-resident")
}

// residentMiB reads what the kernel says of a process, 0 where it has no /proc.
func residentMiB(b *testing.B, pid int) float64 {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return float64(kib) / 1024
}

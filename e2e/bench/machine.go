//go:build linux

package main

import (
	"bufio"
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authd/authd/e2e/bench/report"
)

// machine says what was measured on.
func (b *bench) machine(ctx context.Context) (m report.Machine, err error) {
	m = report.Machine{CPU: fieldOf("/proc/cpuinfo", "model name"), Cores: cores(), Go: runtime.Version()}
	if kib, err := strconv.ParseFloat(strings.TrimSuffix(fieldOf("/proc/meminfo", "MemTotal"), " kB"), 64); err == nil {
		m.MemoryGiB = kib / (1 << 20)
	}
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return m, err
	}
	m.System = strings.Trim(valueOf("/etc/os-release", "PRETTY_NAME"), `"`) + ", Linux " + strings.TrimSpace(string(release)) + " " + runtime.GOARCH
	if err := b.pool.QueryRow(ctx, "show server_version").Scan(&m.Postgres); err != nil {
		return m, err
	}
	version, err := b.command(nil, "version").Output()
	if err != nil {
		return m, err
	}
	m.Authd = strings.TrimSpace(string(version))
	if m.SQLite, err = moduleOf(b.program, sqliteDriver); err != nil {
		return m, err
	}
	if m.FlushMicros, err = flushMicros(b.folder); err != nil {
		return m, err
	}
	return m, exec.CommandContext(ctx, "sync").Run() // what others wrote before shall not be flushed meanwhile
}

// sqliteDriver is the module that brings SQLite into authd.
const sqliteDriver = "modernc.org/sqlite"

// moduleOf is a module with the version of it that a program was built with.
func moduleOf(program, path string) (string, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return "", err
	}
	for _, module := range info.Deps {
		if module.Path == path {
			return path + " " + module.Version, nil
		}
	}
	return "", fmt.Errorf("%s was built without %s", program, path)
}

// fieldOf finds "name : value" in a file of /proc.
func fieldOf(file, name string) string { return find(file, name, ":") }

// valueOf finds "name=value".
func valueOf(file, name string) string { return find(file, name, "=") }

func find(file, name, between string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, found := strings.Cut(lines.Text(), between); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// flushMicros is the median time that the disk takes to keep 8 kB, which is below every commit.
func flushMicros(folder string) (float64, error) {
	f, err := os.Create(filepath.Join(folder, "flush"))
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	var all []float64
	page := make([]byte, 8<<10)
	for range 200 {
		began := time.Now()
		if _, err := f.WriteAt(page, 0); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		all = append(all, float64(time.Since(began).Microseconds()))
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

//go:build unix

package pgtest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// livingChildren lists the processes whose parent is pid, zombies apart. Each of the server's leads a
// process group of its own, so no single signal reaches them all.
func livingChildren(pid int) ([]int, error) {
	table, err := processTable()
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var pids []int
	for line := range bytes.Lines(table) {
		var child, parent int
		var state string
		_, err := fmt.Sscan(string(line), &child, &state, &parent)
		if err == nil && parent == pid && state[0] != 'Z' {
			pids = append(pids, child)
		}
	}
	return pids, nil
}

// processTable has a line "pid state parent …" for each process. On Linux it comes from /proc, because
// a small image has no ps.
func processTable() ([]byte, error) {
	if runtime.GOOS != "linux" {
		return exec.Command("ps", "-A", "-o", "pid=", "-o", "stat=", "-o", "ppid=").Output()
	}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var table []byte
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has just ended
		}
		// pid (name) state parent …: the name may hold anything, brackets and spaces included.
		open, shut := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
		if open < 0 || shut < open {
			continue
		}
		table = append(append(table, stat[:open]...), stat[shut+1:]...)
	}
	return table, nil
}

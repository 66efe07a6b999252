//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the grain of the kernel's accounts of processes: USER_HZ is 100 on every platform that Go knows.
const tick = 10 * time.Millisecond

// spent is the CPU time of a process since it began.
func spent(pid int) (time.Duration, error) {
	_, cpu, err := stat(pid)
	return cpu, err
}

// stat reads the parent and the CPU time of a process, proc(5).
func stat(pid int) (parent int, cpu time.Duration, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	// The name, which may hold anything, ends at the last parenthesis. State is the first field behind it.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0, 0, fmt.Errorf("/proc/%d/stat: %d fields", pid, len(fields))
	}
	numbers := make([]int, 3)
	for i, at := range []int{1, 11, 12} { // ppid, utime, stime
		if numbers[i], err = strconv.Atoi(fields[at]); err != nil {
			return 0, 0, err
		}
	}
	return numbers[0], time.Duration(numbers[1]+numbers[2]) * tick, nil
}

// children is the CPU time of each process whose parent is pid.
func children(pid int) (map[int]time.Duration, error) {
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	all := map[int]time.Duration{}
	for _, folder := range folders {
		child, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			return nil, err
		}
		// Who ended since the list was made has nothing to say.
		if parent, cpu, err := stat(child); err == nil && parent == pid {
			all[child] = cpu
		}
	}
	return all, nil
}

// own is the CPU time of this process.
func own() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, err
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}

// residentMiB is how much memory a process occupies.
func residentMiB(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(text), "\nVmRSS:")
	if !found {
		return 0, fmt.Errorf("/proc/%d/status has no VmRSS", pid)
	}
	kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	return kib / 1024, err
}

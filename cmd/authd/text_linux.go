package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// releaseText lets the kernel take back the pages of the program's code, most of which the start alone ran:
// the command line's grammar, the initialisation of packages, the migrations. What is run again comes back
// from the page cache, some microseconds for sixteen pages. Of all mappings these alone are surely as the
// file has them: nobody writes to code, while data that is read-only now may have been relocated before.
// Where it cannot be done, nothing is lost but this.
func releaseText() {
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer maps.Close()
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		if first, last, ok := textOf(lines.Text(), program); ok {
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, first, last-first, unix.MADV_DONTNEED)
		}
	}
}

// textOf reads a line of /proc/self/maps that is a mapping of the program's code.
func textOf(line, program string) (first, last uintptr, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 6 || fields[1] != "r-xp" || !strings.HasSuffix(line, " "+program) {
		return 0, 0, false
	}
	n, err := fmt.Sscanf(fields[0], "%x-%x", &first, &last)
	return first, last, n == 2 && err == nil
}

package main

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestOnlyTheProgramsOwnCodeIsReleased(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"00400000-00e4f000 r-xp 00000000 fe:00 1234 /bin/authd":           true,
		"00e4f000-01a2f000 r--p 00a4f000 fe:00 1234 /bin/authd":           false, // may have been relocated
		"01a2f000-01b00000 rw-p 0162f000 fe:00 1234 /bin/authd":           false,
		"7f0000000000-7f0000001000 r-xp 00000000 fe:00 99 /lib/libc.so.6": false,
		"7fff00000000-7fff00002000 r-xp 00000000 00:00 0 [vdso]":          false,
		"7fff00000000-7fff00002000 r-xp 00000000 00:00 0":                 false,
	} {
		first, last, ok := textOf(line, "/bin/authd")
		if ok != want || ok && (first != 0x400000 || last != 0xe4f000) {
			t.Errorf("%s: got %x-%x, %t, want %t", line, first, last, ok, want)
		}
	}
}

// Beside no other test: what they run would come back meanwhile.
func TestCodeThatWasReleasedIsNotResidentAndRunsAgain(t *testing.T) {
	before := residentFileKiB(t)
	releaseText()
	if after := residentFileKiB(t); after >= before {
		t.Errorf("%d KiB of files are resident, %d before", after, before)
	}
}

// residentFileKiB is how much of files, the program's own above all, this process has in memory.
func residentFileKiB(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "RssFile:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib
}

package main

import (
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// asNobody runs do with the rights over files of somebody who is not root, since root may write to all.
func asNobody(t *testing.T, do func()) {
	t.Helper()
	if os.Geteuid() == 0 {
		const nobody = 65534
		runtime.LockOSThread() // the rights are the thread's
		defer runtime.UnlockOSThread()
		if err := syscall.Setfsuid(nobody); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = syscall.Setfsuid(0) }()
	}
	do()
}

func TestADatabaseThatCanOnlyBeReadIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{databaseFile, databaseFile + "-wal", databaseFile + "-shm"} {
		dir := newDataDir(t)
		for _, folder := range []string{dir.path, dir.path + "/..", dir.path + "/../.."} { // as far as t.TempDir made them
			if err := os.Chmod(folder, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		asNobody(t, func() {
			if err := dir.checkWritable(); err != nil {
				t.Errorf("with no database: %v", err)
			}
		})
		write(t, dir.file(databaseFile), "rows", 0o666)
		asNobody(t, func() {
			if err := dir.checkWritable(); err != nil {
				t.Errorf("with one that can be written: %v", err)
			}
		})
		write(t, dir.file(name), "rows", 0o444)
		asNobody(t, func() {
			if err := dir.checkWritable(); err == nil || !strings.Contains(err.Error(), dir.file(name)+": permission denied") {
				t.Errorf("%s: got %v, want a refusal that names it", name, err)
			}
		})
		if kept, err := os.ReadFile(dir.file(name)); err != nil || string(kept) != "rows" {
			t.Errorf("%s was changed: %q, %v", name, kept, err)
		}
	}
}
